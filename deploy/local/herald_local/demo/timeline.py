"""Each message's timeline as it happens: a line an event, on stderr, in colour on a terminal."""

from __future__ import annotations

import time
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from herald_local.demo.story import Story

NAME_WIDTH = 34
STYLES = {
    "accepted": "cyan",
    "duplicate": "yellow",
    "fallback": "yellow",
    "sent": "blue",
    "delivered": "green",
    "read": "bright_green",
    "received": "magenta",
    "failed": "red",
    "bounced": "red",
    "cancelled": "yellow",
    "expired": "red",
}


class Timeline:
    """Writes what happens."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def __call__(self, story: Story, what: str, data: dict[str, Any]) -> None:
        """Write one event."""
        line = Text(f"{time.monotonic() - self._started:6.2f}s  ", style="dim")
        line.append(f"{story.scenario.name:<{NAME_WIDTH}}  ", style="default")
        line.append(f"{what:<10}", style=STYLES.get(what, "default"))
        line.append(_details(what, data), style="default")
        self._console.print(line, no_wrap=True, overflow="ignore", crop=False)

    def verdict(self, problems: dict[str, list[str]]) -> None:
        """Write how every scenario ended."""
        table = Table(box=None, show_header=False, padding=(0, 2))
        for name, found in problems.items():
            mark = Text("ok", style="green") if not found else Text("WRONG", style="bold red")
            table.add_row(mark, name, Text("; ".join(found), style="red"))
        self._console.print()
        self._console.print(table)


def _details(what: str, data: dict[str, Any]) -> str:
    if what == "fallback":
        change, failure = data["fallback"], data.get("failure") or {}
        code = f" {failure['code']}" if failure.get("code") else ""
        return f"{change['from_channel']} -> {change['to_channel']} ({change['reason']}{code})"
    words = [data.get("channel") or ""]
    if what == "failed":
        words.append(f"({data['failure']['class']} {data['failure']['code']})")
    if what == "received":
        words.append(repr(data.get("text")))
    if not data.get("confirmed", True):
        words.append("(not confirmed)")
    if data.get("terminal"):
        words.append(f"=> {data['outcome']}")
    return " ".join(filter(None, words))
