"""What a step may say, by when its recipient wrote last to which of our numbers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.account import Account
from herald.providers.twilio.account import TwilioAccount
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount
from router.core.clearance import CLEAR, Clearance
from router.core.decide import decide
from router.core.effects import Decision, Dispatch
from router.core.message import Attempt, Message
from router.core.service_windows import Conversation, clear_window
from unit.router.making import NOW, begun, dispatched, events, failed, message, step

CLOUD = WhatsAppCloudAccount(provider="whatsapp_cloud", phone_number_id="1")
TRYING = WhatsAppCloudAccount(
    provider="whatsapp_cloud", phone_number_id="2", text_outside_window="send"
)
TWILIO = TwilioAccount(
    provider="twilio", channel="whatsapp", account_sid="AC" + "0" * 32, timeout="1s"
)
LATELY, LONG_AGO = NOW - timedelta(hours=23), NOW - timedelta(hours=25)


def wrote(at: Any = LATELY, account: str = "wa", own: str = "", **more: Any) -> Conversation:
    return Conversation(account=account, own_address=own, last_at=at, **more)


def clearance(
    *conversations: Conversation,
    accounts: Mapping[str, Account] | None = None,
    attempts: tuple[Attempt, ...] = (),
    **planned: Any,
) -> Clearance:
    """Ask about the first step of a message, which has a text and no template."""
    asked = message(step(**{"outside_window": "nothing"} | planned), attempts=attempts)
    return clear_window(asked, 1, accounts or {"wa": CLOUD}, conversations, NOW)


def reason(found: Clearance) -> str | None:
    return found.refusal.reason if found.refusal else None


def attempt(number: int = 1, **changes: Any) -> Attempt:
    return Attempt(step=1, number=number, channel="whatsapp", status=Status.FAILED, **changes)


def test_a_text_goes_within_the_window_and_not_after_it() -> None:
    """24 hours from the recipient's last message; who never wrote has none."""
    assert clearance(wrote()) == CLEAR
    assert reason(clearance(wrote(LONG_AGO))) == "outside_window"
    assert reason(clearance()) == "outside_window"


@given(st.timedeltas(timedelta(0), timedelta(days=60)))
def test_the_window_ends_exactly(ago: timedelta) -> None:
    """It is open before its end, by whatever fraction, and closed at it."""
    is_open = ago < timedelta(hours=24)
    assert (clearance(wrote(NOW - ago)) == CLEAR) is is_open


def test_a_template_goes_after_it() -> None:
    """The configured one, only then, and the timeline says why."""
    found = clearance(wrote(LONG_AGO), outside_window="template")
    assert (found.refusal, found.says_template) == (None, True)
    assert found.notes == ("says a template: the recipient wrote last 25 h ago",)
    assert not clearance(wrote(), outside_window="template").says_template


def test_an_account_may_try_all_the_same() -> None:
    """Where inbound messages go elsewhere, nothing is known, and its option says to send."""
    assert clearance(accounts={"wa": TRYING}) == CLEAR
    both = clearance(accounts={"wa": CLOUD, "trying": TRYING})
    assert both == Clearance(only_account="trying")


def test_only_the_account_they_wrote_to_may_send_a_text() -> None:
    """Another number's window stays closed; with two open ones either may send."""
    accounts = {"wa": CLOUD, "second": CLOUD}
    assert clearance(wrote(), accounts=accounts).only_account == "wa"
    assert clearance(wrote(), wrote(account="second"), accounts=accounts) == CLEAR


def test_a_number_of_an_account_opens_no_other_number() -> None:
    """A sender that is a number has its own window; one that is a service has them all."""
    accounts: dict[str, Account] = {"tw": TWILIO}
    theirs = wrote(account="tw", own="+15550001111")
    assert clearance(theirs, accounts=accounts, sender="+15550001111") == CLEAR
    other = clearance(theirs, accounts=accounts, sender="+15550009999")
    assert reason(other) == "outside_window"
    service = TWILIO.model_copy(update={"messaging_service_sid": "MG" + "0" * 32})
    assert clearance(theirs, accounts={"tw": service}) == CLEAR


def test_a_provider_knows_better() -> None:
    """A refusal closes the window until the recipient writes again."""
    refused = wrote(closed_at=LATELY + timedelta(hours=1))
    assert reason(clearance(refused)) == "outside_window"
    assert clearance(replace(refused, last_at=NOW)) == CLEAR
    failure = Failure.of(FailureClass.UNREACHABLE, 131047)
    tried = attempt(account="wa", failure=failure, outside_window=True)
    assert clearance(wrote(), attempts=(tried,), outside_window="template").says_template


def test_an_account_in_trouble_is_no_way_out() -> None:
    """Whose window is open does not count where its account has failed by its own trouble."""
    tried = attempt(account="wa", failure=Failure.of(FailureClass.AUTH, 190))
    accounts = {"wa": CLOUD, "second": CLOUD}
    assert reason(clearance(wrote(), accounts=accounts, attempts=(tried,))) == "outside_window"


def refused_as_late(of: Message, first: Clearance = CLEAR) -> Decision:
    """Let a provider refuse the latest attempt; `first`: what is found out of the first step."""
    late = failed(of, FailureClass.UNREACHABLE, "131047", outside_window=True)
    return decide(of, late, NOW, cleared={1: first, 2: CLEAR})


def test_the_template_follows_a_refusal_in_the_same_step() -> None:
    """A step with a template says it at once; no channel is left."""
    before = begun(step("whatsapp", outside_window="template"), step("sms"))
    decision = refused_as_late(before, Clearance(says_template=True))
    assert dispatched(decision) == ["whatsapp 1.2/1"]
    [effect] = [it for it in decision.effects if isinstance(it, Dispatch)]
    assert effect.attempt.says_template
    assert events(decision) == []


@pytest.mark.parametrize("outside", ["nothing", None])
def test_without_a_template_the_next_step_follows(outside: Any) -> None:
    """A refusal is a failure like any other of its class."""
    before = begun(step("whatsapp", outside_window=outside), step("sms"))
    decision = refused_as_late(before)
    assert dispatched(decision) == ["sms 2.1/1"]
    assert events(decision) == ["fallback"]


def test_a_template_that_is_refused_is_not_tried_again() -> None:
    """Whatever refuses it as too late is left for the next step."""
    before = begun(step("whatsapp", outside_window="template"), step("sms"))
    template = refused_as_late(before, Clearance(says_template=True)).message
    assert dispatched(refused_as_late(template)) == ["sms 2.1/1"]


def test_a_template_goes_by_an_account_that_has_it() -> None:
    """Providers name their templates differently: those that lack this one are left out."""
    service = TWILIO.model_copy(update={"messaging_service_sid": "MG" + "0" * 32})
    accounts: dict[str, Account] = {"tw": service, "wa": CLOUD}
    found = clearance(accounts=accounts, outside_window="template", template_accounts=("wa",))
    assert (found.says_template, found.only_account) == (True, "wa")
    alone = clearance(outside_window="template", template_accounts=("wa",))
    assert (alone.says_template, alone.only_account) == (True, None)
