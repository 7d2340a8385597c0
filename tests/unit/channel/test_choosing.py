"""Choosing an account for one work."""

from __future__ import annotations

from collections.abc import Sequence

from herald.channel.accounts import SendingAccount
from herald.channel.attempts import Attempt, Reserved
from herald.channel.breaker import Verdict
from herald.channel.planning import (
    NOT_CONFIGURED_DISPATCHES,
    NOT_CONFIGURED_WAIT,
    Impossible,
    Later,
    OnTrial,
    Plan,
    Wish,
)
from herald.channel.reports import NO_ACCOUNT
from herald.contracts.work import Work, WorkContent
from unit.channel.making import Desk, seconds, sending, twilio, whatsapp, work

NOBODY = Impossible(NO_ACCOUNT)


def choose(accounts: Sequence[SendingAccount], wanted: Work) -> SendingAccount | Plan:
    """Return the account that is to make the call, or why none is."""
    plan = Desk(*accounts).plan(wanted)
    return plan.account if isinstance(plan, Wish) else plan


def made_by(attempt: Attempt) -> str | None:
    """Name the account that makes the call now."""
    return attempt.plan.account.name if isinstance(attempt.plan, Reserved) else None


def test_the_first_configured_of_equals() -> None:
    """Two free accounts that fit: the file's order decides."""
    first, second = sending("first"), sending("second")
    assert choose([first, second], work()) is first


async def test_an_account_with_tokens_comes_first() -> None:
    """An account that can call now is preferred to one that would have to wait."""
    busy, free = sending("busy", rate=1), sending("free", rate=1)
    desk = Desk(busy, free)
    calls = await desk.decide(work(), work(), work())
    assert [made_by(call) for call in calls] == ["busy", "free", None]


async def test_the_one_free_soonest_when_all_are_busy() -> None:
    """When nobody can call now, it is the one with the shortest wait."""
    blocked, busy = sending("blocked", rate=1), sending("busy", rate=1)
    for account in (blocked, busy):
        account.breaker.note(Verdict.GOOD, "", began=0.0, now=0.0)
    desk = Desk(blocked, busy)
    desk.hold("blocked", 60)
    first, second = await desk.decide(work(), work())
    assert made_by(first) == "busy"
    assert second.place is not None
    assert second.place.key == "account:busy"


def test_a_tenant_gets_its_own_accounts_only() -> None:
    """An account that does not name the tenant is never used for it."""
    theirs, ours = sending("theirs", twilio(tenants=("acme",))), sending("ours")
    assert choose([theirs, ours], work()) is ours
    assert choose([theirs], work()) == NOBODY


def test_a_pinned_account_or_none() -> None:
    """Work that names its account is not made on another one."""
    first, second = sending("first"), sending("second")
    assert choose([first, second], work(account="second")) is second
    work_of_another = work(account="second", sender="+15550009999", tenant="other")
    assert choose([first, second], work_of_another) == NOBODY


def test_a_pinned_account_may_be_known_to_other_workers() -> None:
    """Work for an account that this worker's configuration lacks goes round before it fails."""
    accounts = [sending("first")]
    found = choose(accounts, work(account="new"))
    assert found == Later("account_not_configured", NOT_CONFIGURED_WAIT)
    last = work(account="new", dispatch=NOT_CONFIGURED_DISPATCHES)
    assert choose(accounts, last) == NOBODY


def test_avoided_accounts_are_not_used() -> None:
    """An account that failed this message already is passed over, even when it is the last."""
    first, second = sending("first"), sending("second")
    assert choose([first, second], work(avoid=("first",))) is second
    assert choose([first, second], work(avoid=("first", "second"))) == NOBODY
    assert choose([first], work(account="first", avoid=("first",))) == NOBODY


def test_a_whatsapp_sender_is_one_number() -> None:
    """A profile's number is sent from its own account; without one any number will do."""
    first, second = sending("first", whatsapp("1001")), sending("second", whatsapp("1002"))
    assert choose([first, second], work(sender="1002")) is second
    assert choose([first, second], work(sender="1003")) == NOBODY
    assert choose([first, second], work(sender=None)) is first


def test_a_lease_outlives_the_call() -> None:
    """A claim lasts the account's time limit and twenty seconds."""
    assert sending("slow", twilio(timeout="30s")).lease == seconds(50)


def test_an_account_on_trial_is_left_alone() -> None:
    """Its first call shows whether it works; meanwhile another one takes the rest."""
    first, second = sending("first"), sending("second")
    first.breaker.begin_trial(0.0)
    assert choose([first, second], work()) is second


def test_with_every_account_on_trial_the_work_waits() -> None:
    """A burst does not go to two accounts of which nobody knows anything."""
    accounts = [sending("first"), sending("second")]
    for one in accounts:
        one.breaker.begin_trial(0.0)
    assert isinstance(choose(accounts, work()), OnTrial)


def test_an_only_account_is_not_waited_for() -> None:
    """Where none other fits, waiting would help nobody."""
    only, other = sending("only"), sending("other", twilio(tenants=("acme",)))
    only.breaker.begin_trial(0.0)
    assert choose([only, other], work()) is only


def test_an_account_that_can_say_it_is_taken() -> None:
    """Of two on WhatsApp, only Meta's own has a form for buttons."""
    twilio_first = sending("twilio", twilio(channel="whatsapp"))
    meta = sending("meta", whatsapp("100000000000001"))
    of_place = {"text": None, "location": {"latitude": 1, "longitude": 2}}
    with_buttons = {"text": "x", "buttons": [{"id": "1", "title": "x"}]}
    for said, taken in ((with_buttons, meta), (of_place, twilio_first)):
        asked = work(
            channel="whatsapp",
            sender=None if taken is meta else "+15550001111",
            content=WorkContent.model_validate(said),
        )
        assert choose([twilio_first, meta], asked) is taken
