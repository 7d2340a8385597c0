"""What providers' codes mean."""

from __future__ import annotations

from types import ModuleType

import pytest

from herald.contracts.vocabulary import FailureClass
from herald.providers.twilio import errors as twilio
from herald.providers.whatsapp_cloud import errors as whatsapp_cloud


@pytest.mark.parametrize(
    ("module", "code", "failure_class"),
    [
        (whatsapp_cloud, 131026, FailureClass.UNREACHABLE),
        (whatsapp_cloud, 131050, FailureClass.OPTED_OUT),
        (whatsapp_cloud, 130429, FailureClass.RATE_LIMITED),
        (whatsapp_cloud, 131000, FailureClass.TRANSIENT),
        (whatsapp_cloud, 190, FailureClass.AUTH),
        (whatsapp_cloud, 200, FailureClass.AUTH),
        (whatsapp_cloud, 299, FailureClass.AUTH),
        (whatsapp_cloud, 100, FailureClass.PERMANENT),
        (whatsapp_cloud, 133000, FailureClass.PERMANENT),
        (whatsapp_cloud, 133004, FailureClass.TRANSIENT),
        (whatsapp_cloud, 133010, FailureClass.AUTH),
        (whatsapp_cloud, 133015, FailureClass.PERMANENT),
        (whatsapp_cloud, 133016, FailureClass.RATE_LIMITED),
        (twilio, 21211, FailureClass.UNREACHABLE),
        (twilio, 21610, FailureClass.OPTED_OUT),
        (twilio, 20429, FailureClass.RATE_LIMITED),
        (twilio, 30008, FailureClass.TRANSIENT),
        (twilio, 20003, FailureClass.AUTH),
        (twilio, 21601, FailureClass.PERMANENT),
    ],
)
def test_known_codes(module: ModuleType, code: int, failure_class: FailureClass) -> None:
    """A code in the table has its class, whatever the HTTP status said."""
    assert module.classify(code) is failure_class
    assert module.classify(code, 500) is failure_class


@pytest.mark.parametrize("module", [twilio, whatsapp_cloud])
def test_unknown_codes(module: ModuleType) -> None:
    """An unknown code goes by the HTTP status, and without one it is permanent."""
    assert module.classify(7_777_777) is FailureClass.PERMANENT
    assert module.classify(7_777_777, 400) is FailureClass.PERMANENT
    assert module.classify(7_777_777, 429) is FailureClass.RATE_LIMITED
    assert module.classify(7_777_777, 503) is FailureClass.TRANSIENT


def test_twilio_unauthorized_without_a_known_code_is_ours() -> None:
    """HTTP 401 is the account's trouble."""
    assert twilio.classify(7_777_777, 401) is FailureClass.AUTH


@pytest.mark.parametrize("module", [twilio, whatsapp_cloud])
def test_a_code_never_means_that_nobody_knows(module: ModuleType) -> None:
    """The provider answered, so no code is ambiguous."""
    assert FailureClass.AMBIGUOUS not in module.FAILURE_CLASSES.values()
