"""Whole Python files: run as `__main__`, with streams, files and an end like elsewhere."""
