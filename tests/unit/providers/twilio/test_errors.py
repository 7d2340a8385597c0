"""What the provider's codes mean."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import FailureClass
from herald.providers.twilio.errors import classify


@pytest.mark.parametrize(
    ("code", "failure_class"),
    [
        (21211, FailureClass.UNREACHABLE),
        (21610, FailureClass.OPTED_OUT),
        (20429, FailureClass.RATE_LIMITED),
        (30008, FailureClass.TRANSIENT),
        (20003, FailureClass.AUTH),
        (21601, FailureClass.PERMANENT),
        (63016, FailureClass.UNREACHABLE),
        (63007, FailureClass.AUTH),
        (63018, FailureClass.RATE_LIMITED),
    ],
)
def test_known_codes(code: int, failure_class: FailureClass) -> None:
    """A code in the table has its class, whatever the HTTP status said."""
    assert classify(code) is failure_class
    assert classify(code, 500) is failure_class


def test_unauthorized_without_a_known_code_is_ours() -> None:
    """HTTP 401 is the account's trouble."""
    assert classify(7_777_777, 401) is FailureClass.AUTH
