"""The `herald` command."""

from __future__ import annotations

import sys

from herald.service.lean_imports import leave_out


def main() -> None:
    """Run the command line.

    A channel's worker is a service: it runs without what commands alone need.
    """
    match sys.argv[1:]:
        case ["channel", "run", name] if not name.startswith("-"):
            leave_out()
            from herald.cli.channel_worker import run_worker  # noqa: PLC0415  after that

            run_worker(name)
        case _:
            from herald.cli.application import application  # noqa: PLC0415  it takes its time

            application()
