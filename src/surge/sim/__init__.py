"""The same pure rooms and state machines on simulated I/O. Not built yet."""
