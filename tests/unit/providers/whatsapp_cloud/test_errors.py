"""What the provider's codes mean."""

from __future__ import annotations

import pytest

from herald.contracts.vocabulary import FailureClass
from herald.providers.whatsapp_cloud.errors import classify


@pytest.mark.parametrize(
    ("code", "failure_class"),
    [
        (131026, FailureClass.UNREACHABLE),
        (131050, FailureClass.OPTED_OUT),
        (130429, FailureClass.RATE_LIMITED),
        (131000, FailureClass.TRANSIENT),
        (190, FailureClass.AUTH),
        (200, FailureClass.AUTH),
        (299, FailureClass.AUTH),
        (100, FailureClass.PERMANENT),
        (133000, FailureClass.PERMANENT),
        (133004, FailureClass.TRANSIENT),
        (133010, FailureClass.AUTH),
        (133015, FailureClass.PERMANENT),
        (133016, FailureClass.RATE_LIMITED),
    ],
)
def test_known_codes(code: int, failure_class: FailureClass) -> None:
    """A code in the table has its class, whatever the HTTP status said."""
    assert classify(code) is failure_class
    assert classify(code, 500) is failure_class
