"""WASI preview 1 over a world in memory: all that a guest can see. No host folder is ever opened."""
