"""What is shown of a dead letter's body: its form, and nothing that anybody said or is called."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.read_api.body_masks import masked_body

COMMAND = {
    "tenant": "default",
    "idempotency_key": "order-7",
    "to": {"phone": "+15550002222", "email": "ada@example.com", "name": "Ada"},
    "content": {"text": "Your code is 123456", "overrides": {"sms": {"text": "123456"}}},
    "route": "later",
    "metadata": {"customer": "Ada Lovelace", "+15550002222": "x"},
    "ttl": "5m",
}


def test_names_are_shown_and_words_are_not() -> None:
    """An operator sees which command it was, not to whom it spoke or what it said."""
    shown = masked_body(json.dumps(COMMAND).encode())
    assert (shown["tenant"], shown["route"], shown["ttl"]) == ("default", "later", "5m")
    assert shown["idempotency_key"] == "order-7"
    assert shown["to"] == {
        "phone": "<12 characters>",
        "email": "<15 characters>",
        "name": "<3 characters>",
    }
    assert shown["content"]["overrides"] == {"sms": {"text": "<6 characters>"}}
    assert shown["metadata"] == {
        "customer": "<12 characters>",
        "<12 characters>": "<1 characters>",
    }


def test_an_address_in_a_name_is_masked() -> None:
    """Producers make keys of addresses."""
    shown = masked_body(json.dumps({"idempotency_key": "welcome-ada@example.com"}).encode())
    assert "ada@" not in shown["idempotency_key"]


def test_what_is_no_json_is_described() -> None:
    """Nothing of it is shown."""
    assert masked_body(b"\xff\x00 +15550002222") == "<15 bytes, not JSON>"


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=_VALUES)
def test_any_body_can_be_shown(value: Any) -> None:
    """Whatever was published, its form is JSON again."""
    json.dumps(masked_body(json.dumps(value).encode()))


@given(secret=st.integers(min_value=10**6, max_value=10**15))
def test_no_number_that_may_be_somebodys_is_shown(secret: int) -> None:
    """As text, as a number or as a name of a field."""
    body = {"to": str(secret), "payload": secret, str(secret): [secret], "deep": [{"n": secret}]}
    assert str(secret) not in json.dumps(masked_body(json.dumps(body).encode()))
