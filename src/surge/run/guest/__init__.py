"""Python that runs inside the sandbox. It imports the standard library alone, and is part of the runtime's digest."""
