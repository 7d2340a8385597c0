"""What is left of a quota, and what a step does when that is nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from herald.config.file import HeraldFile
from herald.config.quotas import Quota
from herald.contracts.vocabulary import FailureClass, Lane
from router.commands import Candidate
from router.core.quotas import Usage, Used, charge, give_back, period_start, share_used
from unit.router.offering import CONFIGURATION, DOCUMENT, envelope, read_send

NOW = datetime(2026, 1, 19, 12, 30, tzinfo=UTC)
MIDNIGHT = datetime(2026, 1, 19, tzinfo=UTC)
CENT = Decimal("0.01")
DAILY = {"daily": Quota(messages=2)}


def _charged(quotas: dict[str, Quota], usage: Usage, number: int, channel: str = "sms") -> Usage:
    for _ in range(number):
        refused, usage = charge(quotas, usage, channel, CENT, NOW)
        assert refused is None
    return usage


def test_steps_start_until_the_quota_is_used_up() -> None:
    """What waits starts with the next period."""
    usage = _charged(DAILY, {}, 2)
    refused, after = charge(DAILY, usage, "sms", CENT, NOW)
    assert refused is not None
    assert refused.wait is not None
    assert (refused.wait.until, refused.wait.reason) == (MIDNIGHT + timedelta(days=1), "quota")
    assert after == usage == {"daily": Used(since=MIDNIGHT, messages=2, spent=2 * CENT)}


def test_a_step_is_skipped_where_the_quota_says_so() -> None:
    """The failure names the quota, and when it begins again."""
    quotas = {"daily": Quota(messages=1, then="skip")}
    refused, _ = charge(quotas, _charged(quotas, {}, 1), "sms", CENT, NOW)
    assert refused is not None
    assert refused.refusal is not None
    failure = refused.refusal.failure
    assert (failure.failure_class, failure.code) == (FailureClass.RATE_LIMITED, "quota")
    assert "daily" in (failure.text or "")
    assert "2026-01-20T00:00:00Z" in (failure.text or "")


def test_another_channel_does_not_count() -> None:
    """A quota of one channel leaves the others alone."""
    quotas = {"sms": Quota(messages=1, channels=("sms",))}
    usage = _charged(quotas, {}, 1)
    assert charge(quotas, usage, "email", CENT, NOW) == (None, usage)


def test_of_several_quotas_none_is_charged_when_one_is_used_up() -> None:
    """All or nothing."""
    quotas = {"all": Quota(messages=5), "sms": Quota(messages=1, channels=("sms",))}
    usage = _charged(quotas, {}, 1)
    refused, after = charge(quotas, usage, "sms", CENT, NOW)
    assert refused is not None
    assert after == usage


def test_a_new_period_begins_empty() -> None:
    """Whatever was used before."""
    usage = {"daily": Used(since=MIDNIGHT - timedelta(days=1), messages=2)}
    _, after = charge(DAILY, usage, "sms", CENT, NOW)
    assert after == {"daily": Used(since=MIDNIGHT, messages=1, spent=CENT)}


def test_a_clock_that_went_back_begins_no_period_anew() -> None:
    """Nothing is given twice."""
    usage = {"daily": Used(since=MIDNIGHT + timedelta(days=1), messages=2)}
    refused, _ = charge(DAILY, usage, "sms", CENT, NOW)
    assert refused is not None


def test_what_did_not_start_is_taken_back() -> None:
    """In its own period only."""
    usage = _charged(DAILY, {}, 2)
    assert give_back(DAILY, usage, "sms", CENT, NOW)["daily"].messages == 1
    assert give_back(DAILY, usage, "sms", CENT, NOW + timedelta(days=1)) == usage


def test_shows_how_much_is_used() -> None:
    """Of the present period."""
    assert share_used(DAILY["daily"], _charged(DAILY, {}, 1)["daily"], NOW) == 0.5
    assert share_used(DAILY["daily"], None, NOW) == 0


@given(st.timedeltas(timedelta(minutes=1), timedelta(days=31)), st.integers(0, 2**32))
def test_a_period_holds_its_moments(per: timedelta, seconds: int) -> None:
    """It begins at or before each of them, and ends after it."""
    now = datetime.fromtimestamp(seconds, UTC)
    start = period_start(Quota(messages=1, per=per), now)
    assert start <= now < start + per


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({}, "give messages or spend"),
        ({"spend": "50"}, "an amount and a currency"),
        ({"messages": 0}, "greater than or equal to 1"),
        ({"messages": 5, "per": "30s"}, "a minute at least"),
        ({"messages": 5, "then": "drop"}, "'wait' or 'skip'"),
    ],
)
def test_a_quota_that_makes_no_sense_is_refused(written: object, problem: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(ValidationError, match=problem):
        Quota.model_validate(written)


def test_spending_is_capped() -> None:
    """A step that would cost more than is left waits, a cheaper one starts."""
    quotas = {"daily": Quota.model_validate({"spend": "0.10 EUR"})}
    refused, usage = charge(quotas, {}, "sms", Decimal("0.08"), NOW)
    assert refused is None
    refused, usage = charge(quotas, usage, "sms", Decimal("0.03"), NOW)
    assert refused is not None
    refused, usage = charge(quotas, usage, "email", Decimal("0.02"), NOW)
    assert refused is None
    assert share_used(quotas["daily"], usage["daily"], NOW) == 1


def _with_quota(quota: dict[str, object], price: str | None = None) -> HeraldFile:
    accounts = {name: dict(one) for name, one in DOCUMENT["accounts"].items()}
    if price is not None:
        for account in accounts.values():
            account["price"] = price
    default = {**DOCUMENT["tenants"]["default"], "quotas": {"daily": quota}}
    tenants = {**DOCUMENT["tenants"], "default": default}
    return HeraldFile.model_validate_json(
        json.dumps({**DOCUMENT, "tenants": tenants, "accounts": accounts})
    )


@pytest.mark.parametrize(
    ("quota", "price", "problem"),
    [
        ({"messages": 1, "channels": ["fax"]}, None, "channels: no account serves 'fax'"),
        ({"spend": "5 EUR", "channels": ["sms"]}, None, "spend: accounts.twilio-main has no price"),
        ({"spend": "5 EUR"}, "0.01 USD", "spend: accounts.smtp-main.price is in USD"),
    ],
)
def test_a_quota_that_can_not_be_kept_is_named(
    quota: dict[str, object], price: str | None, problem: str
) -> None:
    """With the field's path."""
    with pytest.raises(ValidationError, match=f"tenants.default.quotas.daily.{problem}"):
        _with_quota(quota, price)


def test_a_long_text_is_billed_as_its_segments() -> None:
    """Counted when it is accepted, and only where its tenant's spending is capped."""
    capped = _with_quota({"spend": "5 EUR"}, "0.01 EUR")
    for configuration, parts in ((capped, 2), (CONFIGURATION, None)):
        found = read_send(
            envelope(route="sms", content={"text": "x" * 200}), configuration, Lane.NORMAL, NOW
        )
        assert isinstance(found, Candidate)
        assert [step.parts for step in found.message.plan.steps] == [parts]
