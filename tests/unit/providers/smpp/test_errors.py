"""What command_status says."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import FailureClass
from herald.providers.budgets import Scope
from herald.providers.smpp.errors import is_of_message, refusal, throttled_scope

OWN = {"0x0410": FailureClass.OPTED_OUT, "0x45": FailureClass.RATE_LIMITED}


@pytest.mark.parametrize(
    ("status", "failure_class", "code", "of_message", "scope"),
    [
        (0x0B, "unreachable", "0x0B", True, None),
        (0x58, "rate_limited", "0x58", False, Scope.ACCOUNT),
        (0x14, "rate_limited", "0x14", False, Scope.ACCOUNT),
        (0x08, "transient", "0x08", False, None),
        (0x0E, "auth", "0x0E", False, None),
        (0x01, "permanent", "0x01", True, None),
        (0x0410, "opted_out", "0x0410", True, None),
        (0x45, "rate_limited", "0x45", False, Scope.ACCOUNT),
        (0x0499, "permanent", "0x0499", True, None),
        (0xFFFFFFFF, "permanent", "0xFFFFFFFF", True, None),
    ],
)
def test_a_refusal(
    status: int, failure_class: str, code: str, of_message: bool, scope: Scope | None
) -> None:
    """Of the standard, of a vendor as the account says, or unknown."""
    failure = refusal(status, OWN)
    assert (failure.failure_class, failure.code) == (failure_class, code)
    assert is_of_message(status, failure) is of_message
    assert throttled_scope(status, failure) is scope
