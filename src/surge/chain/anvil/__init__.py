"""The local chain: its program, its state on disk, and the other programs of a local network."""
