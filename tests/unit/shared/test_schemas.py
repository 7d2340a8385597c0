"""The JSON Schema of a send command refuses what the router refuses for its form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from herald.contracts.commands import SendMessage

TO = {"phone": "+15550002222"}
CONTENT = {"text": "Hello"}
SCHEMA = Draft202012Validator(SendMessage.model_json_schema())

GOOD: list[dict[str, Any]] = [
    {"to": TO, "content": CONTENT},
    {"to": {"phone": "+1 (555) 000-2222"}, "content": CONTENT},
    {"to": {"phone": "+6834000"}, "content": CONTENT},
    {"to": {"email": "ada@example.com"}, "content": {"html": "<p>Hello</p>"}},
    {"to": {"addresses": {"fax": "1"}}, "content": {"overrides": {"sms": CONTENT}}},
    {"to": TO, "content": {"template": {"name": "x", "variables": {"1": "a"}}}},
]
BAD: list[dict[str, Any]] = [
    {"to": {"phone": "12"}, "content": CONTENT},
    {"to": {"phone": "+12"}, "content": CONTENT},
    {"to": {"whatsapp": "15550002222"}, "content": CONTENT},
    {"to": {}, "content": CONTENT},
    {"to": {"name": "Ada"}, "content": CONTENT},
    {"to": TO, "content": {}},
    {"to": TO, "content": {"subject": "Hello"}},
    {"to": TO, "content": {"text": " \n"}},
    {"to": TO},
]


@pytest.mark.parametrize("command", GOOD)
def test_takes_what_is_well_formed(command: dict[str, Any]) -> None:
    """Schema and router agree."""
    assert list(SCHEMA.iter_errors(command)) == []
    SendMessage.model_validate_json(json.dumps(command))


@pytest.mark.parametrize("command", BAD)
def test_refuses_what_is_not(command: dict[str, Any]) -> None:
    """A producer that checks against the schema hears it before the router says so."""
    assert list(SCHEMA.iter_errors(command))
    with pytest.raises(ValidationError):
        SendMessage.model_validate_json(json.dumps(command))
