#!/usr/bin/env python3
"""Print which share of each package's lines and branches the tests ran, from coverage's JSON."""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path

PARTS = {
    "covered": ("covered_lines", "covered_branches"),
    "all": ("num_statements", "num_branches"),
}
TOTAL = "all of it"


def main(path: Path) -> int:
    packages: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(PARTS, 0))
    report = json.loads(path.read_text())
    for name, file in report["files"].items():
        for package in (str(Path(name).parent), TOTAL):
            for part, keys in PARTS.items():
                packages[package][part] += sum(file["summary"][key] for key in keys)
    for package in sorted(packages, key=lambda package: (package == TOTAL, package)):
        counted = packages[package]
        share = 100 * counted["covered"] / counted["all"] if counted["all"] else 100
        print(f"{share:5.1f} %  {package}")  # noqa: T201  a report talks to the terminal
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
