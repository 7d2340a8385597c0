"""Write the dashboards, or check that the written ones are those of the code.

python -m herald_dashboards            check deploy/grafana/dashboards; exit with 1 when they differ
python -m herald_dashboards --write    write them
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from herald_dashboards import channels, ingress, objectives, overview, router, servers, tenants
from herald_dashboards.checking import drift
from herald_dashboards.page import Page, text

WRITTEN = Path(__file__).parent.parent / "dashboards"
# Where docs/runbooks can be read; your own address: --runbooks, with --to.
RUNBOOKS = "https://herald.example.com/runbooks"


def pages() -> tuple[Page, ...]:
    """Return every dashboard."""
    modules = (overview, tenants, channels, router, ingress, servers, objectives)
    return tuple(module.page() for module in modules)


def main() -> int:
    """Read the arguments; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m herald_dashboards", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--write", action="store_true", help="write them instead of checking")
    parser.add_argument("--to", type=Path, default=WRITTEN, metavar="FOLDER")
    parser.add_argument("--runbooks", default=RUNBOOKS, metavar="URL")
    arguments = parser.parse_args()
    address = arguments.runbooks.rstrip("/")
    texts = {f"{page.uid}.json": text(page, runbooks=address) for page in pages()}
    if arguments.write:
        arguments.to.mkdir(parents=True, exist_ok=True)
        for name, written in texts.items():
            (arguments.to / name).write_text(written)
        return 0
    problems = list(drift(arguments.to, texts))
    for problem in problems:
        print(problem)  # noqa: T201  a check talks to the terminal
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
