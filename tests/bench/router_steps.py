"""What each step of the router's own work costs a message, without a broker and a database.

`PYTHONPATH=tests .venv/bin/python -m bench.router_steps` prints microseconds of processor time. To
compare two versions run it in each of them in turn.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from bench.load import bodies
from herald.bus.deliveries import Delivery
from herald.config.file import HeraldFile, RetryRules
from herald.contracts.identifiers import AttemptId, message_id_for
from herald.contracts.masking import MaskingKey, set_masking_key
from herald.contracts.receipts import RECEIPT, AttemptReceipt
from herald.contracts.topology import COMMANDS, SEND_KEYS
from herald.contracts.vocabulary import Lane, Receipts, Status
from router.batches import envelope_of
from router.commands import Candidate
from router.core.clearance import CLEAR
from router.core.facts import MessageAccepted, ReceiptArrived
from router.core.stored import PLAN, STATE
from router.counting import count_decisions, initialise
from router.decisions import Decisions
from router.outgoing.contents import by_channel
from router.outgoing.effects import outgoing_message
from router.parsing.send import read_sends
from secret_files import MASKING_SECRET

BATCH = 200
ROUNDS = 30
NOW = datetime.now(UTC)
RULES = RetryRules()
STEP = {"channel": "sms", "account": "twilio-main", "success_on": "sent", "fallback_after": "10m"}
CONFIGURATION = HeraldFile.model_validate_json(
    json.dumps(
        {
            "tenants": {"default": {"route": "sms"}},
            "accounts": {
                "twilio-main": {"provider": "twilio", "account_sid": "AC" + "0" * 32},
                "smtp-main": {"provider": "smtp", "host": "smtp.example.com"},
            },
            "routes": {"sms": {"steps": [STEP]}},
        }
    )
)


class Batch:
    """A batch of commands and of its receipts; each step builds on those before it."""

    def __init__(self) -> None:
        commands = bodies(BATCH)
        self.deliveries = [_command(command) for command in commands]
        names = [message_id_for("default", command["idempotency_key"]) for command in commands]
        self.receipt_bodies = [
            _receipt(name, status) for status in (Status.ACCEPTED, Status.SENT) for name in names
        ]
        self.candidates: list[Candidate] = []
        self.begun = self.folded = Decisions(NOW, RULES)
        self.rows: list[tuple[str, str]] = []
        self.receipts: list[AttemptReceipt] = []

    def read_commands(self) -> None:
        """Read each command against the configuration."""
        read = read_sends(map(envelope_of, self.deliveries), CONFIGURATION, Lane.NORMAL, NOW)
        self.candidates = [one for one in read if isinstance(one, Candidate)]

    def begin(self) -> None:
        """Decide how each message begins."""
        self.begun = Decisions(NOW, RULES, asks=True)
        for candidate in self.candidates:
            message = candidate.message
            self.begun.clear(message.id, 1, CLEAR)
            fact = MessageAccepted(context=candidate.envelope.context)
            self.begun.record(message, fact, self.begun.decide(message, fact))

    def write_rows(self) -> None:
        """Write plan and state for the database."""
        self.rows = [
            (
                PLAN.write(message.plan),
                STATE.write(message.state),
            )
            for message in self.begun.messages.values()
        ]

    def write_work(self) -> None:
        """Write the work, and the answer."""
        contents = {one.message.id: by_channel(one.contents) for one in self.candidates}
        for message, effect in self.begun.effects:
            outgoing_message(message, effect, contents, NOW)

    def read_rows(self) -> None:
        """Read plan and state from the database."""
        for plan, state in self.rows:
            PLAN.read(plan)
            STATE.read(state)

    def read_receipts(self) -> None:
        """Read two receipts: that it was accepted, and that it was sent."""
        read = map(RECEIPT.validate_json, self.receipt_bodies)
        self.receipts = [one for one in read if isinstance(one, AttemptReceipt)]

    def fold(self) -> None:
        """Decide what they make of the message."""
        self.folded = Decisions(NOW, RULES, asks=True)
        self.folded.hold(self.begun.messages.values())
        for receipt in self.receipts:
            attempt = AttemptId.parse(receipt.attempt_id or "")
            if attempt is not None:
                fact = ReceiptArrived(attempt=attempt, receipt=receipt)
                self.folded.apply(attempt.message_id, fact)
        assert len(self.folded.changed) == BATCH, "each is to be written"

    def write_events(self) -> None:
        """Write the event that the second leads to."""
        for message, effect in self.folded.effects:
            outgoing_message(message, effect, {}, NOW)

    def count(self) -> None:
        """Count the three decisions."""
        for decisions in (self.begun, self.folded):
            count_decisions(decisions.made, NOW)


STEPS = (
    Batch.read_commands,
    Batch.begin,
    Batch.write_rows,
    Batch.write_work,
    Batch.read_rows,
    Batch.read_receipts,
    Batch.fold,
    Batch.write_events,
    Batch.count,
)


def main() -> None:
    """Measure every step."""
    set_masking_key(MaskingKey(MASKING_SECRET))
    initialise(CONFIGURATION.accounts, CONFIGURATION.tenants)
    gc.disable()  # a service collects seldom, and its pauses are no step's
    batch, total = Batch(), 0.0
    for step in STEPS:
        microseconds = measure(batch, step)
        total += microseconds
        sys.stdout.write(f"{step.__name__:16} {microseconds:7.1f}\n")
    sys.stdout.write(f"{'all':16} {total:7.1f}\n")


def measure(batch: Batch, step: Callable[[Batch], None]) -> float:
    """Return the microseconds a message that the fastest round of a step took."""
    return min(_seconds(batch, step) for _ in range(ROUNDS)) * 1_000_000 / BATCH


def _seconds(batch: Batch, step: Callable[[Batch], None]) -> float:
    start = time.process_time()
    step(batch)
    return time.process_time() - start


def _command(body: dict[str, object]) -> Delivery:
    return Delivery(
        body=json.dumps(body).encode(),
        exchange=COMMANDS,
        routing_key=SEND_KEYS[Lane.NORMAL],
        message_id=str(uuid4()),
    )


def _receipt(message_id: UUID, status: Status) -> bytes:
    receipt = AttemptReceipt(
        source="channel" if status is Status.ACCEPTED else "webhook",
        channel="sms",
        provider="twilio",
        account="twilio-main",
        attempt_id=f"{message_id}.1.1",
        references=(f"SM{message_id.hex}",),
        status=status,
        event_key="1",
        receipts=Receipts.DELIVERED if status is Status.ACCEPTED else None,
        lane=Lane.NORMAL,
        received_at=NOW + timedelta(seconds=1),
    )
    return receipt.model_dump_json(exclude_none=True).encode()


if __name__ == "__main__":
    main()
