"""Values with some fields changed."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from router.core.changing import changed
from router.core.message import Attempt, Message, Plan, State
from unit.router.making import begun

MESSAGE = begun()
VALUES: list[Message | Plan | State | Attempt] = [
    MESSAGE,
    MESSAGE.plan,
    MESSAGE.state,
    MESSAGE.state.attempts[0],
]


@given(st.data(), st.sampled_from(VALUES))
def test_changes_what_replace_does(
    data: st.DataObject, value: Message | Plan | State | Attempt
) -> None:
    """Whatever is changed, and the first value stays as it was."""
    names = data.draw(st.sets(st.sampled_from([field.name for field in fields(value)])))
    changes: dict[str, Any] = dict.fromkeys(names, "new")
    before = replace(value)
    assert changed(value, **changes) == replace(value, **changes)
    assert value == before
