"""What the router counts and measures of decisions, once they are committed."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace
from prometheus_client import REGISTRY

from herald.contracts.vocabulary import CommandAnswer, Receipts, Status
from herald.providers.registry import ACCOUNTS
from router.core.decide import decide
from router.core.facts import Fact, MessageAccepted
from router.core.message import Message
from router.counting import account_labels, count_answer, count_decisions, initialise
from unit.router.making import (
    CONTEXT,
    NOW,
    PROVIDERS,
    accepted,
    at,
    begun,
    message,
    receipt,
    seconds,
    step,
)

ACCEPTANCE = "herald_first_acceptance_seconds"
DELIVERY = "herald_delivery_seconds"
OUTCOME = "herald_outcome_seconds"
DOUBLE = "herald_double_contacts_total"
SMS = {"channel": "sms"}


@pytest.fixture(autouse=True)
def _configured() -> None:
    """Let the router know an account of each channel."""
    initialise(
        {
            f"{channel}-main": ACCOUNTS[provider].model_construct(
                channel=channel, provider=provider
            )
            for channel, provider in PROVIDERS.items()
        },
        ["default"],
    )


def value(name: str, labels: dict[str, str]) -> float:
    found = REGISTRY.get_sample_value(name, labels)
    assert found is not None, "it exists from the start"
    return found


class Count:
    """How much a series has grown since this was made."""

    def __init__(self, name: str, **labels: str) -> None:
        self._series = (name, labels)
        self._before = value(name, labels)

    @property
    def grown(self) -> float:
        return value(*self._series) - self._before


def happens(of: Message, *facts: tuple[Fact, datetime]) -> Message:
    """Decide and count facts, each at its time."""
    for fact, now in facts:
        decision = decide(of, fact, now)
        count_decisions([(of, fact, decision)], now)
        of = decision.message
    return of


def test_the_first_acceptance_is_measured_once() -> None:
    """From the command's acceptance; what its providers say later is no other one."""
    labels = {"lane": "normal", "channel": "whatsapp"}
    number, took = Count(f"{ACCEPTANCE}_count", **labels), Count(f"{ACCEPTANCE}_sum", **labels)
    of = begun()
    of = happens(of, (accepted(of), NOW + seconds(3)))
    happens(of, (accepted(of), NOW + seconds(4)), (receipt(of, Status.SENT), NOW + seconds(5)))
    assert (number.grown, took.grown) == (1, 3)


def test_a_second_acceptance_is_not_measured() -> None:
    """A message whose first attempt a provider took and gave up had its first acceptance then."""
    first = Count(f"{ACCEPTANCE}_count", lane="normal", channel="whatsapp")
    second = Count(f"{ACCEPTANCE}_count", lane="normal", channel="sms")
    of = begun()
    of = happens(of, (accepted(of), NOW), (at(NOW + seconds(90)), NOW + seconds(90)))
    happens(of, (accepted(of), NOW + seconds(91)))
    assert (first.grown, second.grown) == (1, 0)


def test_a_message_kept_for_its_hour_is_measured_from_then() -> None:
    """What its sender asked to wait is no delay of Herald's."""
    took = Count(f"{ACCEPTANCE}_sum", lane="normal", channel="sms")
    hour = NOW + seconds(3600)
    of = message(step("sms"), send_at=hour)
    of = replace(of, plan=replace(of.plan, send_at=hour))
    of = happens(of, (at(hour), hour))
    happens(of, (accepted(of), hour + seconds(2)))
    assert took.grown == 2


def test_delivery_is_measured_from_the_providers_acceptance() -> None:
    """By account, once, and not where the provider only says that it was sent."""
    labels = {"channel": "sms", "provider": PROVIDERS["sms"], "account": "sms-main"}
    number, took = Count(f"{DELIVERY}_count", **labels), Count(f"{DELIVERY}_sum", **labels)
    of = begun(step("sms"))
    of = happens(of, (accepted(of), NOW), (receipt(of, Status.SENT), NOW + seconds(1)))
    assert number.grown == 0
    of = happens(of, (receipt(of, Status.DELIVERED), NOW + seconds(7)))
    happens(of, (receipt(of, Status.READ), NOW + seconds(60)))
    assert (number.grown, took.grown) == (1, 7)


@pytest.mark.parametrize(
    ("status", "outcome"), [(Status.DELIVERED, "succeeded"), (Status.FAILED, "failed")]
)
def test_every_outcome_is_measured(status: Status, outcome: str) -> None:
    """Not successes alone."""
    took = Count(f"{OUTCOME}_sum", outcome=outcome, channel="sms")
    of = begun(step("sms"))
    happens(of, (receipt(of, status, references=()), NOW + seconds(9)))
    assert took.grown == 9


def test_a_second_contact_counts_once() -> None:
    """Whichever attempt reaches the recipient second; a read after it is no third one."""
    double = Count(DOUBLE, **SMS)
    of = begun()
    of = happens(of, (accepted(of), NOW), (at(NOW + seconds(90)), NOW + seconds(90)))
    late = NOW + seconds(91)
    of = happens(of, (accepted(of), late), (receipt(of, Status.DELIVERED, attempt=0), late))
    assert double.grown == 0
    of = happens(of, (receipt(of, Status.DELIVERED), late), (receipt(of, Status.READ), late))
    assert double.grown == 1


def test_outcomes_and_answers_count_by_tenant() -> None:
    """Under the name of one that is configured, or as unknown."""
    ended = Count("herald_tenant_outcomes_total", tenant="default", outcome="succeeded")
    taken = Count("herald_tenant_commands_total", tenant="default", answer="accepted")
    refused = Count("herald_tenant_commands_total", tenant="unknown", answer="rejected")
    of = begun(step("sms"))
    happens(of, (receipt(of, Status.DELIVERED), NOW))
    happens(message(), (MessageAccepted(context=CONTEXT), NOW))
    count_answer("message.send", CommandAnswer.REJECTED, "a user's word")
    assert (ended.grown, taken.grown, refused.grown) == (1, 1, 1)


def test_labels_are_words_of_the_configuration() -> None:
    """A worker or ingress that was broken into can make no series."""
    of = begun(step("sms"))
    known = receipt(of, Status.SENT).receipt
    other = {"channel": "c1", "provider": "p1", "account": "a1"}
    assert account_labels(known) == ("sms", PROVIDERS["sms"], "sms-main")
    assert account_labels(known.model_copy(update=other)) == ("unknown",) * 3
    assert account_labels(known.model_copy(update={"channel": "c1"})) == account_labels(known)
    nobody = known.model_copy(update={"provider": "", "account": ""})
    assert account_labels(nobody) == ("sms", "", "")


def test_acceptance_by_a_provider_that_reports_nothing_more_is_a_contact() -> None:
    """It is all that is ever known of it."""
    double, other = Count(DOUBLE, channel="whatsapp"), Count(DOUBLE, channel="email")
    of = begun(step("whatsapp"), step("email"))
    of = happens(of, (accepted(of), NOW), (at(NOW + seconds(90)), NOW + seconds(90)))
    late = NOW + seconds(91)
    delivered = receipt(of, Status.DELIVERED, attempt=0)
    happens(of, (accepted(of, Receipts.NONE), late), (delivered, late))
    assert (double.grown, other.grown) == (1, 0), "the mail was first"
