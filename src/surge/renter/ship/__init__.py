"""From a function to bytes that run in a stranger's sandbox, and from the answer back to a value."""
