"""NumPy and Python as on a 64-bit machine: changes of the compiled interpreter."""
