"""What every provider's table of codes keeps to."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

import pytest

from herald.contracts.vocabulary import FailureClass

MODULES = [
    import_module(f"herald.providers.{name}.errors")
    for name in ("twilio", "vonage", "messagebird", "whatsapp_cloud")
]


@pytest.mark.parametrize("module", MODULES)
def test_unknown_codes(module: ModuleType) -> None:
    """An unknown code goes by the HTTP status, and without one it is permanent."""
    assert module.classify(7_777_777) is FailureClass.PERMANENT
    assert module.classify(7_777_777, 400) is FailureClass.PERMANENT
    assert module.classify(7_777_777, 429) is FailureClass.RATE_LIMITED
    assert module.classify(7_777_777, 503) is FailureClass.TRANSIENT


@pytest.mark.parametrize("module", MODULES)
def test_a_code_never_means_that_nobody_knows(module: ModuleType) -> None:
    """The provider answered, so no code is ambiguous."""
    assert FailureClass.AMBIGUOUS not in module.FAILURE_CLASSES.values()
