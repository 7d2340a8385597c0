"""Choosing an account."""

from __future__ import annotations

from herald.channel.accounts import (
    NOT_CONFIGURED_DISPATCHES,
    NOT_CONFIGURED_SECONDS,
    Later,
    OnTrial,
    choose,
)
from herald.channel.reports import NO_ACCOUNT
from unit.channel.making import account, seconds, twilio, whatsapp, work


def test_the_first_configured_of_equals() -> None:
    """Two free accounts that fit: the file's order decides."""
    first, second = account("first"), account("second")
    assert choose([first, second], work(), 0.0) is first


def test_an_account_with_tokens_comes_first() -> None:
    """An account that can call now is preferred to one that would have to wait."""
    busy, free = account("busy", rate=1), account("free", rate=1)
    busy.bucket.reserve(0.0)
    assert choose([busy, free], work(), 0.0) is free


def test_the_one_free_soonest_when_all_are_busy() -> None:
    """When nobody can call now, it is the one with the shortest wait."""
    blocked, busy = account("blocked", rate=1), account("busy", rate=1)
    blocked.bucket.hold(60, 0.0)
    busy.bucket.reserve(0.0)
    assert choose([blocked, busy], work(), 0.0) is busy


def test_a_tenant_gets_its_own_accounts_only() -> None:
    """An account that does not name the tenant is never used for it."""
    theirs, ours = account("theirs", twilio(tenants=("acme",))), account("ours")
    assert choose([theirs, ours], work(), 0.0) is ours
    assert choose([theirs], work(), 0.0) is NO_ACCOUNT


def test_a_pinned_account_or_none() -> None:
    """Work that names its account is not made on another one."""
    first, second = account("first"), account("second")
    assert choose([first, second], work(account="second"), 0.0) is second
    work_of_another = work(account="second", sender="+15550009999", tenant="other")
    assert choose([first, second], work_of_another, 0.0) is NO_ACCOUNT


def test_a_pinned_account_may_be_known_to_other_workers() -> None:
    """Work for an account that this worker's configuration lacks goes round before it fails."""
    accounts = [account("first")]
    found = choose(accounts, work(account="new"), 0.0)
    assert found == Later("account_not_configured", NOT_CONFIGURED_SECONDS)
    last = work(account="new", dispatch=NOT_CONFIGURED_DISPATCHES)
    assert choose(accounts, last, 0.0) == NO_ACCOUNT


def test_avoided_accounts_are_not_used() -> None:
    """An account that failed this message already is passed over, even when it is the last."""
    first, second = account("first"), account("second")
    assert choose([first, second], work(avoid=("first",)), 0.0) is second
    assert choose([first, second], work(avoid=("first", "second")), 0.0) is NO_ACCOUNT
    assert choose([first], work(account="first", avoid=("first",)), 0.0) is NO_ACCOUNT


def test_a_whatsapp_sender_is_one_number() -> None:
    """A profile's number is sent from its own account; without one any number will do."""
    first, second = account("first", whatsapp("1001")), account("second", whatsapp("1002"))
    assert choose([first, second], work(sender="1002"), 0.0) is second
    assert choose([first, second], work(sender="1003"), 0.0) is NO_ACCOUNT
    assert choose([first, second], work(sender=None), 0.0) is first


def test_a_lease_outlives_the_call() -> None:
    """A claim lasts the account's time limit and twenty seconds."""
    assert account("slow", twilio(timeout="30s")).lease == seconds(50)


def test_an_account_on_trial_is_left_alone() -> None:
    """Its first call shows whether it works; meanwhile another one takes the rest."""
    first, second = account("first"), account("second")
    first.breaker.begin_trial(0.0)
    assert choose([first, second], work(), 0.0) is second


def test_with_every_account_on_trial_the_work_waits() -> None:
    """A burst does not go to two accounts of which nobody knows anything."""
    accounts = [account("first"), account("second")]
    for one in accounts:
        one.breaker.begin_trial(0.0)
    assert isinstance(choose(accounts, work(), 0.0), OnTrial)


def test_an_only_account_is_not_waited_for() -> None:
    """Where none other fits, waiting would help nobody."""
    only, other = account("only"), account("other", twilio(tenants=("acme",)))
    only.breaker.begin_trial(0.0)
    assert choose([only, other], work(), 0.0) is only
