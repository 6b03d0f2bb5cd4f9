"""Sandboxes: WebAssembly and Python, metered, deterministic, in worker processes."""
