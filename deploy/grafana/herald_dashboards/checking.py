"""Whether the written dashboards are those of the code, and hold nothing that Grafana lacks."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from herald_dashboards.page import MARK_EXTRAS

SHOWN_LINES = 12  # of a difference


def drift(folder: Path, texts: Mapping[str, str]) -> Iterator[str]:
    """Say how the files in a folder differ from what the code writes."""
    for name in sorted({path.name for path in folder.glob("*.json")} - set(texts)):
        yield f"{folder / name}: no dashboard of the code; remove it"
    for name, wanted in texts.items():
        path = folder / name
        if not path.exists():
            yield f"{path}: missing; write it with: make dashboards"
            continue
        found = path.read_text()
        if found != wanted:
            yield f"{path}: not what the code writes (make dashboards writes it)"
            yield from _difference(found, wanted)
        yield from (f"{path}: {unknown}" for unknown in unknown_fields(found))


def unknown_fields(text: str) -> Iterator[str]:
    """Say which fields of a dashboard Grafana's model of one does not have, or changes."""
    try:
        before = json.loads(text)
    except ValueError as error:
        yield f"is not JSON: {error}"
        return
    for annotation in before.get("annotations", {}).get("list", []):
        for extra in MARK_EXTRAS:
            annotation.pop(extra, None)
    try:
        after = json.loads(json.dumps(Dashboard.from_json(before), cls=JSONEncoder))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        yield f"Grafana's model does not read it: {error}"
        return
    yield from _differing(before, after, "")


def _differing(before: Any, after: Any, place: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            here = f"{place}.{key}" if place else key
            if key not in after:
                yield f"{here} is no field of Grafana's"
            elif key not in before:
                yield f"{here} is missing"
            else:
                yield from _differing(before[key], after[key], here)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, pair in enumerate(zip(before, after, strict=True)):
            yield from _differing(*pair, f"{place}[{number}]")
    elif before != after:
        yield f"{place} is {before!r}, which Grafana's model reads as {after!r}"


def _difference(found: str, wanted: str) -> Iterator[str]:
    lines = difflib.unified_diff(
        found.splitlines(), wanted.splitlines(), "written", "by the code", lineterm="", n=0
    )
    for number, line in enumerate(lines):
        if number == SHOWN_LINES:
            yield "    ..."
            return
        yield f"    {line}"
