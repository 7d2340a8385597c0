"""What recipients write, as the provider passes it on."""

from __future__ import annotations

from collections.abc import Sequence

from herald.conformance.checks import Check, Needs
from herald.conformance.status_checks import counted
from herald.conformance.trial import NAME, Trial
from herald.conformance.verdicts import NotMetError, require
from herald.contracts.receipts import InboundReceipt
from herald.providers.subject_sending import Without
from herald.providers.subject_webhooks import Inbound

_LOOK = "where webhooks.py reads what comes in, and `inbound` of the subject"


async def read(trial: Trial) -> None:
    """Read what a recipient wrote: who, what, and of which kind."""
    for sample in _samples(trial):
        receipt = _receipt(trial, sample)
        seen = (receipt.sender, receipt.text, receipt.content)
        wanted = (sample.sender, sample.text, sample.content)
        require(seen == wanted, f"{sample.label}: {wanted}", seen, _LOOK)
        place = (receipt.provider, receipt.account, receipt.channel)
        expected = (trial.reported, NAME, trial.subject.channel)
        require(place == expected, f"{sample.label}: of {expected}", place, _LOOK)


async def repeated(trial: Trial) -> None:
    """Give a message that comes again the same key."""
    for sample in _samples(trial):
        first, again = (_receipt(trial, sample).receipt_id for _ in range(2))
        require(first == again, f"{sample.label}: one key", "two", "`reference` in webhooks.py")


def _samples(trial: Trial) -> Sequence[Inbound]:
    found = trial.webhooks.inbound
    assert not isinstance(found, Without)
    return found


def _receipt(trial: Trial, sample: Inbound) -> InboundReceipt:
    found = trial.read(sample.element)
    if len(found.receipts) != 1 or not isinstance(found.receipts[0], InboundReceipt):
        raise NotMetError(f"one inbound message: {sample.label}", counted(found), _LOOK)
    return found.receipts[0]


CHECKS = (
    Check("inbound_read", "What a recipient wrote is read.", Needs.INBOUND, read),
    Check(
        "inbound_repeated", "A message that comes again has the same key.", Needs.INBOUND, repeated
    ),
)
