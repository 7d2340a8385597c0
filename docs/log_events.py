"""Every log line by its event: level and fields as the code has them, and what it means.

The meanings are in `log_meanings.toml`. An event without one, or one without an event, is an error.
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tables import table

ROOT = Path(__file__).parent.parent
FOLDERS = ("shared/herald", "services")
LEVELS = ("info", "warning", "error")  # what is logged below is not shown
_SPREAD = {
    "names": ["message_id", "attempt_id", "trace_id"],  # an attempt's
    "about": ["message_id", "attempt_id", "trace_id"],  # of what was set aside
    "trace": ["trace_id"],
}
_JOB_FAILED = "{job}.failed"

MEANINGS: dict[str, str] = tomllib.loads((Path(__file__).parent / "log_meanings.toml").read_text())


@dataclass(slots=True)
class LogEvent:
    """One kind of line."""

    levels: set[str]
    fields: dict[str, None]  # in order


def log_events() -> dict[str, LogEvent]:
    """Return every event that the code logs.

    Raises:
        ValueError: one has no meaning, or a meaning no event.
    """
    found: dict[str, LogEvent] = {}
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for event, level, fields in _events(ast.parse(path.read_text())):
                one = found.setdefault(event, LogEvent(set(), {}))
                one.levels.add(level)
                one.fields |= dict.fromkeys(fields)
    job_failed = found.pop(_JOB_FAILED)
    for job in [event for event in found if event.endswith(".job")]:
        found.pop(job)
        found[job.removesuffix(".job") + ".failed"] = job_failed
    unlike = found.keys() ^ MEANINGS.keys()
    if unlike:
        raise ValueError(f"docs/log_meanings.toml: no such event, or no meaning: {sorted(unlike)}")
    return dict(sorted(found.items()))


def _events(tree: ast.Module) -> Iterator[tuple[str, str, list[str]]]:
    """Find the calls that log, and the names of periodic jobs (`<name>.job`)."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if isinstance(node.func, ast.Name) and node.func.id == "Periodic":
            yield f"{ast.literal_eval(node.args[0])}.job", "error", []
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in LEVELS:
            continue
        logger = ast.unparse(node.func.value).rpartition(".")[2]
        if "log" not in logger and "rate_limited" not in logger:
            continue
        limited = ["left_out"] if "limited" in logger else []
        bound = ["channel", "account"] if logger == "log" else []
        for event in _names(node.args[0]):
            yield event, node.func.attr, [*bound, *_fields(node), *limited]


def _names(first: ast.expr) -> Iterator[str]:
    if isinstance(first, ast.Constant):
        yield str(first.value)
    elif isinstance(first, ast.IfExp):
        yield from (*_names(first.body), *_names(first.orelse))
    elif isinstance(first, ast.JoinedStr):
        yield _JOB_FAILED


def _fields(call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg is not None:
            yield keyword.arg
        else:
            yield from _SPREAD.get(ast.unparse(keyword.value).rpartition(".")[2], [])


def log_lines() -> str:
    """Return every event as a table."""
    rows = [
        [
            f"`{event}`",
            ", ".join(level for level in LEVELS if level in one.levels),
            ", ".join(f"`{field}`" for field in one.fields),
            MEANINGS[event],
        ]
        for event, one in log_events().items()
    ]
    return table(("event", "level", "fields", "means"), rows)
