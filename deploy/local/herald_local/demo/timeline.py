"""Each message's timeline as it happens: a line an event, on stderr, in colour on a terminal."""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table
from rich.text import Text

from herald.cli.event_lines import STYLES, details
from herald.contracts.events import HeraldEvent, family_and_what
from herald_local.demo.scenario_run import ScenarioRun

NAME_WIDTH = 34


class Timeline:
    """Writes what happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def __call__(self, run: ScenarioRun, event: HeraldEvent) -> None:
        """Write one event."""
        what = family_and_what(event.type)[1]
        line = Text(f"{time.monotonic() - self._started:6.2f}s  ", style="dim")
        line.append(f"{run.scenario.name:<{NAME_WIDTH}}  ", style="default")
        line.append(f"{what:<10}", style=STYLES.get(what, "default"))
        line.append(details(event), style="default")
        self._console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def summary(self, problems: dict[str, list[str]]) -> None:
        """Write how every scenario ended."""
        table = Table(box=None, show_header=False, padding=(0, 2))
        for name, found in problems.items():
            mark = Text("ok", style="green") if not found else Text("WRONG", style="bold red")
            table.add_row(mark, name, Text("; ".join(found), style="red"))
        self._console.print()
        self._console.print(table)
