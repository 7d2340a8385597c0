"""Which suppressions stop a message, and what words and receipts say of consent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from behaviour.router.receipts import inbound
from herald.config.consent import DEFAULT_STOPS, Consent, Words
from herald.contracts.failures import Failure
from herald.contracts.receipts import InboundReceipt
from herald.contracts.vocabulary import (
    Category,
    FailureClass,
    InboundKind,
    Status,
    SuppressionReason,
)
from router.core.consent import EVERY, Suppression, blocking
from router.core.decide import decide
from router.core.effects import Suppress
from router.core.inbound_consent import changes_asked
from unit.router.making import NOW, accepted, begun, receipt, step

PLAIN = Consent()


@pytest.mark.parametrize(
    "word", ["STOP", "stop", " Stop. ", "\uff33top", "'stop'", "Opt  out", "arrêt!"]
)
def test_a_word_alone_stops(word: str) -> None:
    assert PLAIN.meaning_of(word) == "stop"


@pytest.mark.parametrize(
    "text", [None, "", "...", "please don't stop", "stop it", "stop\nthe music", "YES", "s t o p"]
)
def test_what_is_no_word(text: str | None) -> None:
    """A sentence that holds the word is none, as carriers have it."""
    assert PLAIN.meaning_of(text) is None


def test_configured_words_replace_their_language_alone() -> None:
    consent = Consent(words={"de": Words(stop=("RAUS",)), "tr": Words(stop=("DUR",))})
    said = {word: consent.meaning_of(word) for word in ("raus", "dur", "stop", "abmelden")}
    assert said == {"raus": "stop", "dur": "stop", "stop": "stop", "abmelden": None}


def test_a_word_that_means_both_is_named() -> None:
    """Stop wins between two languages; in one it is an error with its place."""
    across = Consent(words={"xx": Words(start=("STOP",))})
    assert across.meaning_of("stop") == "stop"
    both = Consent(words={"de": Words(stop=("Raus",), start=("an", "RAUS!"))})
    assert list(both.problems()) == ["consent.words.de.start.1: 'RAUS!' is also one of stop"]
    empty = Consent(words={"de": Words(stop=("?!",))})
    assert list(empty.problems()) == ["consent.words.de.stop.0: holds no letter"]


@pytest.mark.parametrize("reason", SuppressionReason)
@pytest.mark.parametrize("category", Category)
def test_defaults_by_reason(reason: SuppressionReason, category: Category) -> None:
    one = Suppression(channel="sms", category=EVERY, reason=reason)
    assert (blocking([one], "sms", category, PLAIN) is one) == (category in DEFAULT_STOPS[reason])
    assert blocking([one], "email", category, PLAIN) is None


def test_configuration_changes_what_a_reason_stops() -> None:
    """Also for what is recorded already; a named category is stopped in any case."""
    consent = Consent(stops={SuppressionReason.COMPLAINT: (Category.TRANSACTIONAL,)})
    every = Suppression(channel=EVERY, category=EVERY, reason=SuppressionReason.COMPLAINT)
    named = Suppression(channel=EVERY, category="marketing", reason=SuppressionReason.COMPLAINT)
    assert blocking([every], "sms", Category.MARKETING, consent) is None
    assert blocking([every], "sms", Category.TRANSACTIONAL, consent) is every
    assert blocking([every, named], "sms", Category.MARKETING, consent) is named


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    assert PLAIN.meaning_of(text) in {None, "stop", "start"}


def kinds(received: InboundReceipt) -> list[tuple[str, str]]:
    return [(it.tenant, it.kind) for it in changes_asked(received, ("a", "b"), PLAIN)]


def test_the_providers_reading_comes_first() -> None:
    """It has acted by it, whatever the text looks like."""
    assert kinds(inbound(text="Halt", keyword="stop")) == [("a", "suppressed"), ("b", "suppressed")]
    assert kinds(inbound(text="STOP", keyword="help")) == []


@pytest.mark.parametrize(
    "changes",
    [{"group": "g"}, {"content": InboundKind.MEDIA}, {"content": InboundKind.EDITED}],
)
def test_where_a_word_is_none(changes: dict[str, str]) -> None:
    """In a group, a caption, or an edited message it counts for nothing."""
    assert kinds(inbound(text="STOP", **changes)) == []


def test_both_names_of_a_whatsapp_user_are_suppressed() -> None:
    found = changes_asked(inbound(text="STOP", sender_id="US.123"), ("a",), PLAIN)
    assert [one.address for one in found] == ["+15550002222", "US.123"]


SOFT = Failure.of(FailureClass.UNREACHABLE, "5.2.2")
GONE = Failure.of(FailureClass.UNREACHABLE, "5.1.1", address_gone=True)
STOPPED = Failure.of(FailureClass.OPTED_OUT, "131050", opted_out_of=Category.MARKETING)


@pytest.mark.parametrize(
    ("status", "failure", "reason", "category"),
    [
        (Status.COMPLAINED, None, "complaint", None),
        (Status.UNSUBSCRIBED, None, "unsubscribed", None),
        (Status.BOUNCED, GONE, "hard_bounce", None),
        (Status.FAILED, GONE, "hard_bounce", None),
        (Status.FAILED, STOPPED, "opted_out", "marketing"),
        (Status.BOUNCED, SOFT, None, None),
        (Status.FAILED, SOFT, None, None),
        (Status.DEFERRED, GONE, None, None),
        (Status.DELIVERED, None, None, None),
        (Status.READ, None, None, None),
    ],
)
def test_what_a_receipt_says_once(
    status: Status, failure: Failure | None, reason: str | None, category: str | None
) -> None:
    """The first time; a repeat of it says nothing new."""
    before = decide(begun(step("email")), accepted(begun(step("email"))), NOW).message
    for expected in (reason, None):
        fact = receipt(before, status, failure=failure, event_key="e")
        decision = decide(before, fact, NOW)
        found = [it.finding for it in decision.effects if isinstance(it, Suppress)]
        assert [(it.reason, it.category) for it in found] == (
            [(expected, category)] if expected else []
        )
        before = decision.message
