"""What became of a call, as a receipt."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from herald.bus.receipt_messages import receipt_body, report_message
from herald.channel.reports import (
    NO_ACCOUNT,
    lease_ended,
    report,
    returned,
)
from herald.contracts.attempt_reports import AttemptReport
from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import FailureClass, Receipts, Status
from herald.providers.sending import Accepted, CallResult, Refused, Uncertain
from unit.channel.making import ATTEMPT, NOW, seconds, work


def reported(result: CallResult, dispatch: int = 1) -> AttemptReport:
    """Report a call made by the account `main`."""
    return report(
        work(dispatch=dispatch),
        result,
        NOW,
        provider="twilio",
        account="main",
        receipts=Receipts.DELIVERED,
    )


def test_accepted_has_the_references_and_what_news_to_expect() -> None:
    """An acceptance carries the provider's ids, its capability and its response."""
    receipt = reported(Accepted(("SM1", "SM2"), element={"sid": "SM1"}), dispatch=3)
    assert (receipt.source, receipt.status) == ("channel", Status.ACCEPTED)
    assert (receipt.channel, receipt.provider, receipt.account) == ("sms", "twilio", "main")
    assert receipt.references == ("SM1", "SM2")
    assert receipt.receipts is Receipts.DELIVERED
    assert (receipt.attempt_id, receipt.dispatch) == (ATTEMPT, 3)
    assert receipt.event_key == "dispatch:3"
    assert receipt.element == {"sid": "SM1"}


def test_refused_has_the_failure_as_it_is() -> None:
    """A refusal keeps its class, code and the wait that was asked for."""
    failure = Failure.of(FailureClass.RATE_LIMITED, 20429, "Slow", retry_after=seconds(7))
    receipt = reported(Refused(failure))
    assert receipt.status is Status.FAILED
    assert receipt.failure == failure
    assert receipt.receipts is None


def test_uncertain_is_unknown_and_ambiguous() -> None:
    """A lost response is neither a failure nor an acceptance."""
    receipt = reported(Uncertain("read_timeout"))
    assert receipt.status is Status.UNKNOWN
    assert receipt.failure is not None
    assert receipt.failure.failure_class is FailureClass.AMBIGUOUS
    assert receipt.failure.code == "read_timeout"


def test_returned_says_why_and_how_long_to_wait() -> None:
    """Work given back names its dispatch, for the next one is another fact, and no hour."""
    receipt = returned(work(dispatch=2), "rate_limit", NOW, wait=seconds(9))
    assert (receipt.status, receipt.dispatch) == (Status.RETURNED, 2)
    assert receipt.returned is not None
    assert (receipt.returned.reason, receipt.returned.wait) == ("rate_limit", seconds(9))
    assert receipt.returned.not_before is None
    assert receipt.received_at == NOW


def test_an_ended_lease_is_unknown() -> None:
    """The sweeper's report says that nobody reported."""
    receipt = lease_ended(ATTEMPT, "sms", "twilio", "main", NOW)
    assert receipt.status is Status.UNKNOWN
    assert receipt.failure is not None
    assert receipt.failure.code == "lease_ended"
    assert (receipt.provider, receipt.account) == ("twilio", "main")


def test_no_account_fails_for_a_reason_of_ours() -> None:
    """No usable account is an account's trouble: another step may do."""
    receipt = reported(Refused(NO_ACCOUNT))
    assert receipt.failure is not None
    assert (receipt.failure.failure_class, receipt.failure.code) == (
        FailureClass.AUTH,
        "no_account",
    )


def test_each_fact_has_its_own_id_and_keeps_it() -> None:
    """A fact reported again has the same id; another dispatch, status or sweep has another."""
    facts = [
        reported(Accepted(("SM1",))),
        reported(Accepted(("SM1",)), dispatch=2),
        reported(Uncertain("reset")),
        returned(work(), "too_late", NOW),
        lease_ended(ATTEMPT, "sms", "twilio", "main", NOW),
    ]
    ids = [report_message(fact, receipt_body(fact)).message_id for fact in facts]
    assert len(set(ids)) == len(ids)
    read = [AttemptReceipt.model_validate_json(receipt_body(fact)) for fact in facts]
    assert [fact.receipt_id for fact in read] == ids


@pytest.mark.parametrize(
    "result",
    [
        Accepted(("S\x00M\ud800",), element={"a\ud800": ["\x00", {"b": "\udfff"}]}),
        Refused(Failure.of(FailureClass.PERMANENT, 1, "no\ud800\x00"), element="\ud800"),
    ],
)
def test_hostile_words_are_made_storable(result: CallResult) -> None:
    """A provider's unstorable text neither loses the report nor reaches the database."""
    body = receipt_body(reported(result)).decode()
    assert "\\u0000" not in body
    assert json.loads(body)["attempt_id"] == ATTEMPT


def test_a_huge_element_is_cut() -> None:
    """The history keeps 32 KiB of a provider's response at most."""
    receipt = reported(Accepted(("SM1",), element={"page": "x" * 100_000}))
    assert receipt.element["truncated"] is True
    assert len(receipt_body(receipt)) < 4096


def test_the_wait_survives_the_bus() -> None:
    """The router reads the wait that the worker wrote."""
    failure = Failure.of(FailureClass.RATE_LIMITED, retry_after=timedelta(milliseconds=1500))
    read = AttemptReceipt.model_validate_json(receipt_body(reported(Refused(failure))))
    assert read.failure is not None
    assert read.failure.retry_after == timedelta(seconds=1.5)
