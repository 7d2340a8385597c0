"""What becomes of the statuses that a provider reports."""

from __future__ import annotations

import random
from typing import Any

from herald.conformance.checks import Check, Needs
from herald.conformance.trial import NAME, Trial, receipts_of
from herald.conformance.verdicts import NotMetError, require
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import Lane, Status
from herald.providers.lenient_json import NotUnderstoodError
from herald.providers.samples import ATTEMPT_ID
from herald.providers.webhook_endpoints import Normalised

LOOK = "normalise in webhooks.py"
_WORDS = "STATUSES in webhooks.py, and `words` of the subject"
_KEY = "`event_key` in webhooks.py"
_UNKNOWN_WORD = "word_of_tomorrow"
_FOREIGN_TAGS = ("", "order-4711", "7d444840-9dc0-41d1-b245-5ffdce74fad2", f"{ATTEMPT_ID}.x")


async def words(trial: Trial) -> None:
    """Map each word of the provider to the status that is expected."""
    for word, expected in trial.webhooks.words.items():
        seen = one_receipt(trial, trial.status(word=word, code=_code_of(trial, word))).status
        require(seen is expected, f"{word!r} to become {expected.value}", seen.value, _WORDS)


async def unknown_word(trial: Trial) -> None:
    """Keep a word that nobody knows, without effect."""
    found = trial.read(trial.status(word=_UNKNOWN_WORD))
    kept = len(found.receipts) + len(found.not_understood) + found.ignored
    require(kept == 1, "`other`, quarantine or ignored for a new word", counted(found), LOOK)
    for receipt in receipts_of(found):
        status = receipt.status if isinstance(receipt, AttemptReceipt) else receipt.kind
        require(status is Status.OTHER, "`other` for a new word", status, _WORDS)


async def codes(trial: Trial) -> None:
    """Give each code of a failure its class."""
    look = "errors.py, and `codes` of the subject"
    for code, expected in trial.webhooks.codes.items():
        receipt = one_receipt(trial, trial.status(word=trial.webhooks.failed, code=code))
        require(receipt.failure is not None, f"a failure for code {code}", receipt.failure, look)
        assert receipt.failure is not None
        seen = receipt.failure.failure_class
        require(seen is expected, f"class {expected.value} for code {code}", seen.value, look)


async def names_attempt(trial: Trial) -> None:
    """Read the attempt that our call named, and its lane."""
    for suffix, lane in (("", {None, Lane.NORMAL}), (".u", {Lane.URGENT}), (".b", {Lane.BULK})):
        receipt = one_receipt(trial, trial.status(tag=ATTEMPT_ID + suffix))
        seen = (receipt.attempt_id, receipt.lane)
        is_so = receipt.attempt_id == ATTEMPT_ID and receipt.lane in lane
        look = "`carried` in webhooks.py, and where send.py puts `work.tag`"
        require(is_so, f"the attempt of {ATTEMPT_ID + suffix!r} and its lane", seen, look)


async def foreign(trial: Trial) -> None:
    """Find what does not carry an attempt of ours by the provider's own id."""
    for tag in (None, *_FOREIGN_TAGS):
        found = trial.read(trial.status(tag=tag))
        require(len(found.receipts) == 1, f"a receipt for the tag {tag!r}", counted(found), LOOK)
        for receipt in receipts_of(found):
            assert isinstance(receipt, AttemptReceipt)
            seen = receipt.attempt_id
            require(seen is None, f"no attempt of ours for the tag {tag!r}", seen, LOOK)
            require(bool(receipt.references), "the provider's id of the message", (), LOOK)


async def names_account(trial: Trial) -> None:
    """Name provider, account and channel, and the provider's id as our call got it."""
    receipt, subject = one_receipt(trial, trial.status()), trial.subject
    seen = (receipt.provider, receipt.account, receipt.channel, receipt.source)
    wanted = (trial.reported, NAME, subject.channel, "webhook")
    require(seen == wanted, f"a receipt of {wanted}", seen, LOOK)
    reference = receipt.references
    require("reference-1" in reference, "the id that `status` was given", reference, LOOK)


async def repeated(trial: Trial) -> None:
    """Give the same event the same key when it comes again, in whatever request."""
    first, again = (one_receipt(trial, trial.status()) for _ in range(2))
    require(first.receipt_id == again.receipt_id, "one key for a repeat", again.event_key, _KEY)
    for other in _other_events(trial):
        is_other = one_receipt(trial, other).receipt_id != first.receipt_id
        require(is_other, "another key for another event", f"{first.event_key!r} twice", _KEY)


async def any_order(trial: Trial) -> None:
    """Read each event by itself, so that their order changes nothing."""
    words_of = list(trial.webhooks.words)
    elements = [trial.status(word=word, number=n) for n, word in enumerate(words_of)]
    alone = {receipt.receipt_id for each in elements for receipt in trial.read(each).receipts}
    random.Random(1).shuffle(elements)  # noqa: S311  any order will do
    one = trial.webhooks.batch
    parts = [elements[n : n + one] for n in range(0, len(elements), one)]
    mixed = {receipt.receipt_id for part in parts for receipt in trial.read(*part).receipts}
    require(bool(alone), "receipts", "none", LOOK)
    require(mixed == alone, f"the same {len(alone)} facts in any order", len(mixed), LOOK)


async def batches(trial: Trial) -> None:
    """Lose no good event to a bad one beside it."""
    good = [trial.status(reference=f"reference-{n}", number=n) for n in range(3)]
    size = min(3, trial.webhooks.batch)
    bad: Any
    for bad in (None, True, 5, 1.5, "x", [], {}, [{}], {"x": 1}, _deep(20)):
        elements = [*good[: size - 1], bad]
        try:
            found = trial.read(*elements[1:], elements[0])
        except NotUnderstoodError as error:
            raise _lost(bad, f"nothing of it is read: {error.reason.value}") from None
        expected = len(elements) - 1
        if len(found.receipts) != expected:
            raise _lost(bad, f"{len(found.receipts)} of {expected} good ones")
        require(
            accounted(found) == len(elements),
            f"{bad!r:.60} in quarantine, ignored or read",
            found.reasons(),
            LOOK,
        )


def one_receipt(trial: Trial, element: Any) -> AttemptReceipt:
    """Read an element of which one receipt is expected."""
    found = trial.read(element)
    receipts = receipts_of(found)
    if len(receipts) != 1 or not isinstance(receipts[0], AttemptReceipt):
        raise NotMetError("one receipt of an attempt", counted(found), LOOK)
    return receipts[0]


def counted(found: Normalised) -> str:
    """Say what became of a request's elements."""
    reasons = ", ".join(f"{count} {reason.value}" for reason, count in found.reasons().items())
    aside = f"in quarantine: {reasons or 'none'}"
    return f"{len(found.receipts)} receipts, {aside}, {found.ignored} ignored"


def accounted(found: Normalised) -> int:
    """Count the elements that something became of."""
    aside = len(found.not_understood) + sum(found.left_out.values())
    return len(found.receipts) + aside + found.ignored


def _code_of(trial: Trial, word: str) -> str | int | None:
    is_failed = word == trial.webhooks.failed
    return next(iter(trial.webhooks.codes), None) if is_failed else None


def _other_events(trial: Trial) -> list[Any]:
    """Return events that differ from the first one by word, or by message."""
    others = [trial.status(word=word, number=1) for word in list(trial.webhooks.words)[1:]]
    others.append(trial.status(tag=None, reference="reference-2", number=2))
    return others


def _lost(bad: Any, seen: str) -> NotMetError:
    return NotMetError(f"the good ones around {bad!r:.60}", seen, "`found.read` in webhooks.py")


def _deep(levels: int) -> Any:
    found: Any = {}
    for _ in range(levels):
        found = [found]
    return found


REPORTS = Needs.WEBHOOKS
CHECKS = (
    Check("status_words", "Each word of the provider becomes the status expected.", REPORTS, words),
    Check("status_unknown_word", "A new word is kept, without effect.", REPORTS, unknown_word),
    Check("status_codes", "Each code of a failure has its class.", Needs.CODES, codes),
    Check("status_names_attempt", "A status names our attempt and lane.", REPORTS, names_attempt),
    Check("status_names_account", "A status names account and message.", REPORTS, names_account),
    Check(
        "status_foreign", "What carries no attempt of ours is found by its id.", REPORTS, foreign
    ),
    Check(
        "status_repeated", "A repeat has the same key, another event another.", REPORTS, repeated
    ),
    Check("status_any_order", "The order of events changes nothing.", REPORTS, any_order),
    Check("batch_isolation", "A bad event never costs the others.", Needs.BATCHES, batches),
)
