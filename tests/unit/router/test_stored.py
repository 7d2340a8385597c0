"""What is stored of a message, read by the version before or after the one that wrote it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import TypeAdapter

from router.core.decide import decide
from router.core.message import PLAN, STATE
from unit.router.making import NOW, begun, returned


def _grown(document: Any) -> Any:
    """Add a key that no version knows to every object of a document."""
    if isinstance(document, dict):
        return {key: _grown(value) for key, value in document.items()} | {"later": {"a": 1}}
    return [_grown(item) for item in document] if isinstance(document, list) else document


@pytest.mark.parametrize(("adapter", "part"), [(STATE, "state"), (PLAN, "plan")])
def test_keys_of_a_later_version_are_ignored(adapter: TypeAdapter[object], part: str) -> None:
    """While two versions run side by side, either reads what the other wrote."""
    message = begun()
    message = decide(message, returned(message, 60, "connect"), NOW).message
    value = getattr(message, part)
    written = json.loads(adapter.dump_json(value, exclude_none=True))
    grown = _grown(written)
    if part == "plan":
        grown["metadata"].pop("later")  # a user's own strings
    assert adapter.validate_json(json.dumps(grown)) == value
