"""Every golden payload is read as its expectation says."""

from __future__ import annotations

import pytest

from herald.bus.receipt_messages import receipt_body
from herald.conformance.trial import receipts_of
from herald.contracts.receipts import RECEIPT
from herald.providers.lenient_json import NotUnderstoodError
from unit.providers.golden import PAYLOADS, Case, cases, described

CASES = cases()
READ = [case for case in CASES if "raises" not in case.expected]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_payload(case: Case) -> None:
    """A provider's body becomes the receipts, the leftovers and the response that are expected."""
    expected = {key: value for key, value in case.expected.items() if key != "request"}
    if "raises" in expected:
        with pytest.raises(NotUnderstoodError) as caught:
            case.normalise()
        assert caught.value.reason == expected["reason"]
        return
    assert described(case.normalise()) == expected


@pytest.mark.parametrize("case", READ, ids=lambda case: case.label)
def test_payload_survives_the_bus(case: Case) -> None:
    """What is published is read by the router as it was meant, element included."""
    found = case.normalise()
    for published, receipt in zip(found.receipts, receipts_of(found), strict=True):
        assert receipt_body(published) == receipt_body(receipt)
        assert RECEIPT.validate_json(receipt_body(published)) == receipt
        assert receipt.element is not None


def test_every_payload_has_an_expectation_and_back() -> None:
    """No payload goes unchecked and no expectation stands alone."""
    expected = {
        path.name.removesuffix(".expected.json") for path in PAYLOADS.glob("*/*.expected.json")
    }
    assert {case.path.stem for case in CASES} == expected
    assert len(CASES) == len(list(PAYLOADS.glob("*/*.expected.json")))
