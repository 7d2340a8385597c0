"""`make bench-against BASE=<commit>`: the benchmark of a commit and of this tree, in turns.

Machines differ and have moods: what both measured in the same minutes is compared, by the median
over the rounds. The table goes to stderr; the last line on stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from herald_local.progress import report

HERE = Path.cwd()
BASE_TREE = HERE / f".run/against-{os.getpid()}"

Figures = dict[str, float]  # by their names in the benchmark's JSON, joined by dots


def main() -> int:
    """Compare this tree with a commit."""
    parser = argparse.ArgumentParser(prog="make bench-against BASE=<commit>")
    parser.add_argument("base", metavar="BASE", help="a commit")
    parser.add_argument("--rounds", type=int, default=3, help="of both, in turns")
    options, bench = parser.parse_known_args()  # what is left is for the benchmark
    with commit_checked_out(options.base) as base:
        trees = {"base": base, "here": HERE}
        found: dict[str, list[Figures]] = {side: [] for side in trees}
        for number in range(options.rounds):
            for side in sorted(trees, reverse=number % 2 == 1):
                report(f"round {number + 1} of {options.rounds}: {side}")
                found[side].append(run(trees[side], bench))
    compared = compare(found["base"], found["here"])
    for line in table(compared):
        report(line)
    result = {"base": options.base, "rounds": options.rounds, "figures": compared}
    print(json.dumps(result))  # noqa: T201  the result
    return 0


@contextmanager
def commit_checked_out(commit: str) -> Iterator[Path]:
    """Check a commit out and install it, for the time of a block."""
    _do(["git", "worktree", "add", "--quiet", "--detach", str(BASE_TREE), commit], HERE)
    try:
        _do(["make", "--silent", ".venv/.installed"], BASE_TREE)
        yield BASE_TREE
    finally:
        _do(["git", "worktree", "remove", "--force", str(BASE_TREE)], HERE)


def run(tree: Path, arguments: Sequence[str]) -> Figures:
    """Run a tree's benchmark; return its figures.

    Raises:
        CalledProcessError: it failed.
    """
    command = ["make", "--silent", "bench", f"ARGS={' '.join(arguments)}"]
    made = subprocess.run(command, cwd=tree, check=True, stdout=subprocess.PIPE, text=True)
    return dict(figures(json.loads(made.stdout.splitlines()[-1])))


def figures(found: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, float]]:
    """Name every number of a result; of several runs, the median alone."""
    for name, value in found.items():
        if isinstance(value, Mapping):
            if "median" in value:
                yield f"{above}{name}", value["median"]
            else:
                yield from figures(value, f"{above}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{above}{name}", value


def compare(base: Sequence[Figures], here: Sequence[Figures]) -> dict[str, dict[str, float]]:
    """Return the medians of what both sides measured, and the ratio of this tree to the base."""
    shared = [name for name in here[0] if all(name in one for one in (*base, *here))]
    result: dict[str, dict[str, float]] = {}
    for name in shared:
        before = statistics.median(one[name] for one in base)
        after = statistics.median(one[name] for one in here)
        result[name] = {"base": before, "here": after}
        if before:
            result[name]["ratio"] = round(after / before, 3)
    return result


def table(compared: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """Write a comparison for people, a figure a line; what did not change is left out."""
    yield f"{'figure':60} {'base':>12} {'here':>12} {'ratio':>7}"
    for name, one in compared.items():
        if one["base"] != one["here"]:
            ratio = f"{one['ratio']:7.3f}" if "ratio" in one else ""
            yield f"{name:60} {one['base']:12,.2f} {one['here']:12,.2f} {ratio:>7}"


def _do(command: Sequence[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
