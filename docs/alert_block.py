"""The table of alerts, made from the rules of deploy/prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tables import table

RULES = Path(__file__).parents[1] / "deploy" / "prometheus" / "rules"


def alerts() -> str:
    """Return every alert with its page, its severities, what it says and the file of its rule."""
    rows: dict[str, list[str]] = {}
    for file, rule in _alert_rules():
        name, severity = rule["alert"], rule["labels"]["severity"]
        row = rows.setdefault(name, [f"[{name}]({name}.md)", severity, _meaning(rule), f"`{file}`"])
        if severity not in row[1]:
            row[1] += f", {severity}"
    return table(("alert", "severity", "says", "rule"), list(rows.values()))


def _alert_rules() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((path.name, rule) for rule in group["rules"] if "alert" in rule)


def _meaning(rule: dict[str, Any]) -> str:
    """Return the rule's summary, with an ellipsis for each value that is filled in."""
    summary: str = rule["annotations"]["summary"]
    while "{{" in summary:
        before, _, rest = summary.partition("{{")
        summary = f"{before}…{rest.partition('}}')[2]}"
    return summary
