"""Worker processes that run chunks, the cache of what is made once a machine, the energy meter."""
