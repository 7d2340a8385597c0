"""What is stored of a message, read by the version before or after the one that wrote it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.grants import Grant
from herald.contracts.trace_context import TraceContext
from herald.contracts.vocabulary import FailureClass, MessageStatus, Receipts, Status
from router.core.message import Attempt, Plan, State
from router.core.stored import PLAN, STATE, StoredForm
from unit.router.making import NOW, begun, seconds, step

TRACE = f"00-{'1' * 32}-{'2' * 16}-01"
# as versions wrote them that stored defaults, too, and durations in days and hours
WRITTEN_PLAN = """
{"steps":[{"channel":"sms","address":"+15550002222","sender":"+1","account":"a",
"success_on":"delivered","fallback_after":"PT1M","start_within":"P1DT2H1.5S",
"fallback_on":["rate_limited","permanent"]}],"category":"transactional","lane":"normal",
"expires_at":"2026-01-20T12:00:00Z","metadata":{"a":"b"},
"resent_from":"00000000-0000-0000-0000-000000000001","timezones":["Europe/Berlin"],
"trace":{"traceparent":"00-11111111111111111111111111111111-2222222222222222-01"}}
"""
WRITTEN_STATE = """
{"attempts":[{"step":1,"number":1,"channel":"sms","status":"dispatched","reached":"sent",
"dispatch":1,"dispatched_at":"2026-01-19T12:00:00Z","receipts":"delivered",
"failure":{"class":"permanent","code":"30003","text":""},
"grant":{"key":"k","at":"2026-01-19T12:00:00Z"},"flags":["bounced"]}],"sequence":0,
"stopped":false,"waited_for":["x"],"retry_at":"2026-01-19T12:01:00Z",
"start_by":"2026-01-20T14:00:01.500000Z","expire_at":"2026-01-20T12:00:00Z"}
"""


def _plan() -> Plan:
    wanted = frozenset({FailureClass.RATE_LIMITED, FailureClass.PERMANENT})
    within = timedelta(hours=26, seconds=1.5)
    sms = step("sms", sender="+1", account="a", start_within=within, fallback_on=wanted)
    return replace(
        begun(sms).plan,
        metadata={"a": "b"},
        resent_from=UUID(int=1),
        timezones=("Europe/Berlin",),
        trace=TraceContext(TRACE),
    )


def _state() -> State:
    attempt = Attempt(
        step=1,
        number=1,
        channel="sms",
        status=Status.DISPATCHED,
        reached=MessageStatus.SENT,
        dispatch=1,
        dispatched_at=NOW,
        receipts=Receipts.DELIVERED,
        failure=Failure.of(FailureClass.PERMANENT, "30003"),
        grant=Grant(key="k", at=NOW),
        flags=(Status.BOUNCED,),
    )
    return State(
        attempts=(attempt,),
        waited_for=("x",),
        retry_at=NOW + seconds(60),
        start_by=NOW + timedelta(hours=26, seconds=1.5),
        expire_at=NOW + timedelta(days=1),
    )


BOTH = pytest.mark.parametrize(("form", "value"), [(STATE, _state()), (PLAN, _plan())])


def _grown(document: Any) -> Any:
    """Add a key that no version knows to every object of a document."""
    if isinstance(document, dict):
        return {key: _grown(value) for key, value in document.items()} | {"later": {"a": 1}}
    return [_grown(item) for item in document] if isinstance(document, list) else document


@BOTH
def test_what_was_written_is_read(form: StoredForm[Any], value: Plan | State) -> None:
    """Each kind of value comes back as it was."""
    assert form.read(form.write(value)) == value


@BOTH
def test_keys_of_a_later_version_are_ignored(form: StoredForm[Any], value: Plan | State) -> None:
    """While two versions run side by side, either reads what the other wrote."""
    grown = _grown(json.loads(form.write(value)))
    grown.get("metadata", {}).pop("later", None)  # a user's own strings
    assert form.read(json.dumps(grown)) == value


def test_what_earlier_versions_wrote_is_read() -> None:
    """Messages outlive the version that accepted them."""
    assert PLAN.read(WRITTEN_PLAN) == _plan()
    assert STATE.read(WRITTEN_STATE) == _state()


def test_nothing_else_is_read() -> None:
    """A row that no version wrote is said to be wrong, and where."""
    with pytest.raises(msgspec.ValidationError, match=r"\$\.attempts\[0\]\.status"):
        STATE.read('{"attempts":[{"step":1,"number":1,"channel":"sms","status":"lost"}]}')
