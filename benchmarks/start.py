"""What a person waits for: `surge --help`, a network to come up, and the second `surge demo`.

    python benchmarks/start.py        writes benchmarks/results/start.json

Caches are warm: the demo runs twice in a new SURGE_HOME, and the second run counts.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from machine import describe

RESULT = Path(__file__).parent / "results" / "start.json"
SURGE = [str(Path(sys.executable).parent / "surge")]


def seconds(*arguments: str, home: str) -> tuple[float, str]:
    began = time.perf_counter()
    environment = {**os.environ, "SURGE_HOME": home}
    done = subprocess.run([*SURGE, *arguments], env=environment, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        helps = [seconds("--help", home=home)[0] for _ in range(11)]
        first, _ = seconds("demo", "--json", home=home)
        second, printed = seconds("demo", "--json", home=home)
        figures: dict[str, Any] = json.loads(printed)
        up, _ = seconds("up", "--providers", "3", "--detach", home=home)
        down, _ = seconds("down", home=home)
    rows = [
        {"what": "surge --help, median of 11", "seconds": round(statistics.median(helps), 3), "target": 0.3},
        {"what": "surge demo, the first in this folder", "seconds": round(first, 1), "target": None},
        {"what": "surge demo, again", "seconds": round(second, 1), "target": 40},
        {"what": "surge up, three providers, resumed", "seconds": round(up, 1), "target": None},
        {"what": "surge down", "seconds": round(down, 1), "target": None},
    ]
    kept = ("ok", "results_match", "native_match", "native_gap", "verified", "tasks", "paid", "gas_per_task")
    document = {"machine": describe(), "rows": rows, "demo": {name: figures[name] for name in kept}}
    RESULT.write_text(json.dumps(document, indent=2) + "\n")
    for row in rows:
        print(f"{row['what']:<40}{row['seconds']:>8} s   target {row['target'] or '-'}")


if __name__ == "__main__":
    main()
