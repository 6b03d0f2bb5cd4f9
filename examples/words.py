"""The most frequent words of a text, as a table. Run it with its text:

surge run examples/words.py --file README.md --out results -- README.md
"""

import csv
import re
import sys
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    text = Path(sys.argv[1]).read_text()
    counts = Counter(re.findall(r"[a-z]{4,}", text.lower()))
    with Path("words.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["word", "times"])
        table.writerows(counts.most_common())
    for word, times in counts.most_common(5):
        print(f"{times:4} {word}")
