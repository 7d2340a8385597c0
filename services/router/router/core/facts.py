"""What happens to a message, as values: the only things that change its state."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from herald.contracts.identifiers import AttemptId
from herald.contracts.receipts import AttemptReceipt, Receipt
from herald.contracts.trace_context import TraceContext
from router.core.clearance import Clearance


class CommandContext(Struct, frozen=True, kw_only=True):
    """Where a command came from, so that its answer finds its way back."""

    routing_key: str
    cause: str  # names the command: its AMQP message id, or a hash of its bytes
    correlation_id: str | None = None
    trace: TraceContext | None = None  # the span that handles it, while it is traced
    user: str | None = None  # who published it, by the broker's word
    wants_answer: bool = True  # False: it is one of many that an erasure stops


class MessageAccepted(Struct, frozen=True, kw_only=True):
    """The message was accepted."""

    context: CommandContext

    @property
    def key(self) -> str:
        return f"command:{self.context.cause}"


class ReceiptArrived(Struct, frozen=True, kw_only=True):
    """A receipt, with the attempt it is about."""

    attempt: AttemptId
    receipt: AttemptReceipt

    @property
    def key(self) -> str:
        return f"receipt:{self.attempt}/{self.receipt.status}/{self.receipt.event_key}"

    @property
    def bare(self) -> ReceiptArrived:
        """The fact without the provider's words and ids, for a message that was erased."""
        failure = self.receipt.failure
        kept = None if failure is None else failure.model_copy(update={"text": ""})
        changes = {"element": None, "references": (), "failure": kept}
        return replace(self, receipt=self.receipt.model_copy(update=changes))


class DeadLettered(Struct, frozen=True, kw_only=True):
    """The broker gave up delivering the attempt's work."""

    attempt: AttemptId
    dispatch: int
    reason: str

    @property
    def key(self) -> str:
        return f"dead_letter:{self.attempt}/{self.dispatch}"


class CancelAsked(Struct, frozen=True, kw_only=True):
    """A user asked to take the message back."""

    context: CommandContext

    @property
    def key(self) -> str:
        return f"cancel:{self.context.cause}"


class Due(Struct, frozen=True, kw_only=True):
    """A deadline may have passed. Silence is judged only up to `silence_until`, if at all."""

    silence_until: datetime | None

    key = "due"  # each deadline that fires names itself: see `decide`


class WithdrawAnswered(Struct, frozen=True, kw_only=True):
    """The row that arbitrates with the worker answered: taken back, or the worker was first."""

    attempt: AttemptId
    won: bool
    lease_until: datetime | None

    @property
    def key(self) -> str:
        return f"withdraw:{self.attempt}/{'won' if self.won else 'lost'}"


class Cleared(Struct, frozen=True, kw_only=True):
    """What was found out about a step that is about to start."""

    step: int
    clearance: Clearance

    @property
    def key(self) -> str:
        return f"cleared:{self.step}"


class Released(Struct, frozen=True, kw_only=True):
    """There is room for a step that waits since `since`."""

    step: int
    since: datetime

    @property
    def key(self) -> str:
        return f"released:{self.step}/{self.since.isoformat()}"


Fact = (
    MessageAccepted
    | ReceiptArrived
    | DeadLettered
    | CancelAsked
    | Due
    | WithdrawAnswered
    | Cleared
    | Released
)


def name_of(receipt: Receipt) -> object:
    """Name a receipt, also after what it quotes was hidden."""
    if isinstance(receipt, AttemptReceipt):
        return receipt.attempt_id, receipt.references, receipt.status, receipt.event_key
    return receipt.receipt_id
