"""Build src/surge/run/kernels/*.c to wasm32-wasi beside their sources, with the zig of the dev lock.

python scripts/build_kernels.py [FOLDER]     into FOLDER instead
"""

import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src" / "surge" / "run" / "kernels"
# -ffp-contract=off: no fused multiply-add, so that native and wasm agree to the last bit.
FLAGS = ["--target=wasm32-wasi", "-std=c11", "-O2", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-s"]


def build(target: Path) -> list[Path]:
    """Build every kernel into `target`; the paths of the modules."""
    made = []
    for source in sorted(SOURCES.glob("*.c")):
        path = target / f"{source.stem}.wasm"
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, source.name, "-o", str(path.resolve())]
        subprocess.run(command, check=True, cwd=SOURCES)
        made.append(path)
    return made


if __name__ == "__main__":
    for module in build(Path(sys.argv[1]) if len(sys.argv) > 1 else SOURCES):
        print(f"{module.name}: {module.stat().st_size} bytes")
