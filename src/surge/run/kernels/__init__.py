"""Commands in C, built for wasm32-wasi by scripts/build_kernels.py, for demos, tests and benchmarks.

knn      CSV on stdin (features, then a label), argument k: leave-one-out accuracy of nearest neighbours
matmul   arguments n, rounds: products of n × n matrices of doubles, and a checksum
nbody    argument steps: the solar system's energy before and after
sha256   argument rounds: SHA-256 of stdin, hashed again and again
"""

from importlib.resources import files

NAMES = ("knn", "matmul", "nbody", "sha256")


def kernel(name: str) -> bytes:
    """The wasm module of a kernel in NAMES."""
    return files(__name__).joinpath(f"{name}.wasm").read_bytes()
