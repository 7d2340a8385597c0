"""What a worker or a webhook reports is written as the receipt that the router reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from herald.bus.receipt_messages import receipt_body, receipt_message
from herald.conformance.trial import receipts_of
from herald.conformance.verdicts import NotMetError
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.receipts import RECEIPT, AttemptReceipt, Return
from herald.contracts.vocabulary import Category, FailureClass, Lane, Receipts, Status
from herald.providers.webhook_endpoints import Normalised

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TIMES = st.datetimes(timezones=ZONES)
FAILURES = st.builds(
    Failure.of,
    st.sampled_from(FailureClass),
    TEXT | st.integers(),
    TEXT,
    retry_after=st.none() | st.timedeltas(timedelta(0), timedelta(days=1)),
    address_gone=st.booleans(),
    opted_out_of=st.none() | st.sampled_from(Category),
)
# a fraction may be written in another form, and is the same
ELEMENTS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.just(10**400)
    | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
RETURNS = st.builds(
    Return,
    reason=TEXT,
    wait=st.none() | st.timedeltas(timedelta(milliseconds=1), timedelta(days=1)),
)
REPORTS = st.builds(
    AttemptReport,
    source=st.sampled_from(["channel", "webhook"]),
    channel=TEXT,
    provider=TEXT,
    account=TEXT,
    attempt_id=st.none() | TEXT,
    references=st.lists(TEXT, max_size=3).map(tuple),
    status=st.sampled_from(Status),
    event_key=TEXT,
    failure=st.none() | FAILURES,
    outside_window=st.booleans(),
    receipts=st.none() | st.sampled_from(Receipts),
    returned=st.none() | RETURNS,
    dispatch=st.none() | st.integers(1, 100),
    lane=st.none() | st.sampled_from(Lane),
    occurred_at=st.none() | TIMES,
    received_at=TIMES,
    element=ELEMENTS,
).filter(lambda report: report.attempt_id or report.references)


@given(REPORTS)
def test_it_is_written_as_its_receipt(report: AttemptReport) -> None:
    """The same fields in the same order, the same values, and the same message around them."""
    receipt = report.as_receipt()
    written, expected = receipt_body(report), receipt_body(receipt)
    # 1e16 may be 1e+16: both are read, and then written alike
    assert json.dumps(json.loads(written)) == json.dumps(json.loads(expected))
    assert RECEIPT.validate_json(written) == RECEIPT.validate_json(expected)
    assert receipt_message(report) == receipt_message(receipt)._replace(body=written)


@given(REPORTS.filter(lambda report: not isinstance(report.element, float | list | dict)))
def test_it_is_written_to_the_byte(report: AttemptReport) -> None:
    """Where no fraction is in it, not one byte differs."""
    assert receipt_body(report) == receipt_body(report.as_receipt())


def test_the_conformance_kit_checks_its_values() -> None:
    """A provider that puts anything into a status is found before it is in production."""
    wrong: Any = 5
    status = AttemptReport(
        source="webhook",
        channel="sms",
        provider="p",
        account="a",
        references=("r",),
        status=Status.SENT,
        event_key=wrong,
        received_at=datetime.now(UTC),
    )
    with pytest.raises(NotMetError, match="event_key"):
        receipts_of(Normalised(receipts=[status]))


def test_its_fields_are_the_receipts() -> None:
    """They have the names and the order of the receipt's."""
    of_receipt = [name for name in AttemptReceipt.model_fields if name != "kind"]
    own = list(AttemptReport.__struct_fields__)
    assert own == [name for name in of_receipt if name in own]
    assert set(of_receipt) - set(own) == {"recipient"}  # of unsubscribe links alone
