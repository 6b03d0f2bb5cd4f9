"""One guest and its limits: the engine, the interpreter and its images, chunks of python and wasm."""
