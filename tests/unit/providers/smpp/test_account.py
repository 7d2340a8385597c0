"""Options that can't be meant."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from herald.contracts.vocabulary import Receipts
from herald.providers.smpp.account import SmppSecrets
from unit.providers.smpp.making import account


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"security": "none"}, "security"),
        ({"system_id": "a\0b"}, "system_id"),
        ({"default_alphabet": "latin-1"}, "default_alphabet"),
        ({"alphabet": "ucs-2", "default_alphabet": "ucs-2"}, "default_alphabet"),
        ({"command_errors": {"0x1": "permanent"}}, "command_errors"),
        ({"command_errors": {"0x0410": "sad"}}, "command_errors.0x0410"),
        ({"time_zone": "Mars"}, "time_zone"),
        ({"window": 0}, "window"),
        ({"enquire_link": "0s"}, "enquire_link"),
        ({"bind": "receiver"}, "bind"),
    ],
)
def test_refused(options: dict[str, Any], field: str) -> None:
    """Each is an error at its own field."""
    with pytest.raises(ValidationError) as raised:
        account(**options)
    [error] = raised.value.errors()
    assert ".".join(map(str, error["loc"])) == field


@pytest.mark.parametrize("options", [{"host": "127.0.0.1"}, {"allow_cleartext": True}])
def test_unencrypted_where_nobody_reads_along(options: dict[str, Any]) -> None:
    """On this machine, or where it is allowed."""
    assert account(**options, security="none").security == "none"


@pytest.mark.parametrize("password", ["", "ü", "a\0b", "x" * 65])
def test_no_password_that_can_be_written(password: str) -> None:
    """The error does not show it."""
    with pytest.raises(ValidationError) as raised:
        SmppSecrets.model_validate({"password": password})
    assert "x" * 65 not in str(raised.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("asked", "receipts"),
    [("delivery", Receipts.DELIVERED), ("failure", Receipts.NONE), ("none", Receipts.NONE)],
)
def test_what_it_reports(asked: str, receipts: Receipts) -> None:
    """A delivery that nobody asks for is never known."""
    assert account(registered_delivery=asked).receipts is receipts
