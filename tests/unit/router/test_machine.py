"""The core under any history: hypothesis plays provider, worker, clock and user against it."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass, Receipts, Status, SuccessOn
from router.core.clearance import Clearance, Refusal, Wait
from router.core.deadlines import due_at, silence_at
from router.core.decide import decide
from router.core.effects import Answer, Decision, Dispatch, Effect, Emit
from router.core.facts import (
    CancelAsked,
    Cleared,
    CommandContext,
    DeadLettered,
    Due,
    Fact,
    MessageAccepted,
    ReceiptArrived,
    Released,
)
from router.core.fallback import MAX_TRIES
from router.core.message import Attempt, Message
from router.core.states import ENDED, LIVE, RANKS, REACHED_ORDER
from router.core.stored import STATE
from unit.router.making import (
    CONTEXT,
    NOW,
    answered,
    attempt_id,
    message,
    receipt,
    returned,
    seconds,
    step,
    throttled,
)

STATUSES = [Status.UNKNOWN, Status.ACCEPTED, Status.SENT, Status.FAILED, Status.DELIVERED]
STATUSES += [Status.BOUNCED, Status.READ, Status.DEFERRED]
MAX_ATTEMPTS = 24
OPTED_OUT = Failure.of(FailureClass.OPTED_OUT, "opted_out")


class Life(RuleBasedStateMachine):
    """One message's life; every step checks what must always hold."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.message = message()
        self.terminal_events = 0
        self.commands = 0
        self.answers = 0
        self.handed_out: set[tuple[int, int, int]] = set()
        self.received: list[ReceiptArrived] = []
        self.asks = False  # whether each step must be cleared before it starts
        self.let_go = False  # the worker that was first has given its work back

    @initialize(
        success=st.sampled_from(list(SuccessOn)),
        steps=st.lists(st.sampled_from(["whatsapp", "sms", "email"]), min_size=1, max_size=3),
        send_in=st.sampled_from([None, None, 30]),
        asks=st.booleans(),
    )
    def begin(
        self, success: SuccessOn, steps: list[str], send_in: int | None, *, asks: bool
    ) -> None:
        self.asks = asks
        self.message = message(
            *(step(c, success_on=success) for c in steps),
            lives=seconds(1000),
            send_at=None if send_in is None else NOW + seconds(send_in),
        )
        self.apply(MessageAccepted(context=CONTEXT))

    def apply(self, fact: Fact) -> None:
        """Fold a fact, and check what one decision may never do."""
        before = self.message
        decision = self._decide(before, fact)
        self.message = decision.message
        self.commands += isinstance(fact, MessageAccepted | CancelAsked)
        self.answers += sum(isinstance(effect, Answer) for effect in decision.effects)
        self._check_decision(before, list(decision.effects))
        if isinstance(fact, ReceiptArrived):
            self.received.append(fact)
            again = self._decide(self.message, fact)
            assert (again.message, again.effects) == (self.message, ()), "counted twice"

    def _decide(self, before: Message, fact: Fact) -> Decision:
        cleared: dict[int, Clearance] = {}
        if isinstance(fact, Cleared):
            cleared[fact.step] = fact.clearance
        return decide(before, fact, self.now, cleared=cleared if self.asks else None)

    def _check_decision(self, before: Message, effects: list[Effect]) -> None:
        after = self.message
        for old, new in zip(before.state.attempts, after.state.attempts, strict=False):
            assert RANKS[new.status] >= RANKS[old.status], "a rank fell"
            assert REACHED_ORDER[new.reached] >= REACHED_ORDER[old.reached], "reached fell"
        if before.outcome is not None:
            assert after.outcome is before.outcome, "an outcome changed"
            assert not any(isinstance(e, Dispatch) for e in effects), "sent after the end"
        for attempt in (e.attempt for e in effects if isinstance(e, Dispatch)):
            name = (attempt.step, attempt.number, attempt.dispatch)
            assert name not in self.handed_out, "the same work twice"
            assert before.pending is None or after.pending is None, "sent while asking back"
            self.handed_out.add(name)
            if attempt.dispatch == 1 and len(self.message.state.attempts) > 1:
                self._check_contact(attempt)
        emitted = [effect for effect in effects if isinstance(effect, Emit)]
        assert [e.sequence for e in emitted] == [
            before.state.sequence + n for n in range(1, len(emitted) + 1)
        ]
        self.terminal_events += sum(1 for event in emitted if event.terminal)

    def _check_contact(self, attempt: Attempt) -> None:
        """Hold a new attempt to what the one before it allows."""
        previous = self.message.state.attempts[-2]
        assert previous.status not in LIVE, "two attempts at once"
        if previous.step == attempt.step:
            assert previous.status in ENDED, "tried again where it may have arrived"
        assert attempt.number <= MAX_TRIES

    @precondition(lambda self: self.message.state.attempts)
    @rule(
        index=st.integers(0, 23),
        status=st.sampled_from(STATUSES),
        failure_class=st.sampled_from(list(FailureClass)),
        receipts=st.sampled_from(list(Receipts)),
    )
    def report(
        self, index: int, status: Status, failure_class: FailureClass, receipts: Receipts
    ) -> None:
        attempt = index % len(self.message.state.attempts)
        extra = {"failure": Failure.of(failure_class)} if status is Status.FAILED else {}
        fact = receipt(self.message, status, attempt=attempt, receipts=receipts, **extra)
        self.apply(fact)

    @precondition(lambda self: self.received)
    @rule(index=st.integers(0, 50))
    def hear_again(self, index: int) -> None:
        """Repeat an earlier receipt, as a webhook or the bus may at any time."""
        sequence = self.message.state.sequence
        fact = self.received[index % len(self.received)]
        self.apply(fact)
        assert self.message.state.sequence == sequence, "an old receipt is news again"

    @precondition(lambda self: self.message.state.attempts)
    @rule(
        reason=st.sampled_from(["rate_limit", "connect", "http_503", "too_late"]),
        wait=st.none() | st.integers(1, 1200),
        hour=st.none() | st.integers(-500, 500),
    )
    def give_back(self, reason: str, wait: int | None, hour: int | None) -> None:
        """Return the current work, perhaps after its claim, with or without an hour."""
        live = self.message.live
        self.let_go = live is not None and live.status is Status.STARTED
        not_before = None if hour is None else self.now + seconds(hour)
        self.apply(returned(self.message, wait, reason, not_before=not_before))

    @precondition(lambda self: self.message.state.attempts)
    @rule(wait=st.integers(1, 1200))
    def throttle(self, wait: int) -> None:
        """Have the provider throttle the current work's call: it uses up no try."""
        live = self.message.live
        self.let_go = live is not None and live.status is Status.STARTED
        tries = len(self.message.state.attempts)
        fact = throttled(self.message, wait)
        self.apply(fact)
        assert len(self.message.state.attempts) == tries, "a throttled call made another attempt"

    @rule(pause=st.integers(0, 400), gate_open=st.booleans())
    def wait(self, pause: int, *, gate_open: bool) -> None:
        self.now += timedelta(seconds=pause)
        self.apply(Due(silence_until=self.now if gate_open else None))

    @rule(cause=st.sampled_from(["a", "b"]))
    def cancel(self, cause: str) -> None:
        self.apply(CancelAsked(context=CommandContext(routing_key="message.cancel", cause=cause)))

    @precondition(lambda self: self.message.state.attempts)
    @rule()
    def die(self) -> None:
        current = self.message.state.attempts[-1]
        name = attempt_id(self.message)
        self.apply(DeadLettered(attempt=name, dispatch=current.dispatch, reason="rejected"))

    @precondition(lambda self: self.message.pending is not None)
    @rule(won=st.booleans(), lease=st.integers(0, 40))
    def answer(self, *, won: bool, lease: int) -> None:
        live = self.message.live
        free = live is not None and (live.status is Status.DISPATCHED or self.let_go)
        truly_won, self.let_go = won and free, False
        lease_until = None if truly_won else self.now + seconds(lease)
        self.apply(answered(self.message, won=truly_won, lease_until=lease_until))

    @precondition(lambda self: self.message.asking is not None)
    @rule(
        refused=st.sampled_from([False, False, True]),
        wait=st.none() | st.integers(-10, 1200),
        is_queued=st.booleans(),
    )
    def clear(self, *, refused: bool, wait: int | None, is_queued: bool) -> None:
        """Say whether the step that is asked for may start."""
        assert self.message.asking is not None
        clearance = Clearance(
            refusal=Refusal("opted_out", OPTED_OUT) if refused else None,
            wait=None if wait is None else Wait(self.now + seconds(wait), "quiet_hours"),
            is_queued=is_queued,
        )
        self.apply(Cleared(step=self.message.asking.step, clearance=clearance))

    @precondition(lambda self: self.message.state.waiting is not None)
    @rule()
    def make_room(self) -> None:
        waiting = self.message.state.waiting
        assert waiting is not None
        self.apply(Released(step=waiting.step, since=waiting.since))

    @invariant()
    def one_attempt_is_live(self) -> None:
        live = [a for a in self.message.state.attempts if a.status in LIVE]
        assert len(live) <= 1
        assert not live or live[0] is self.message.state.attempts[-1]

    def teardown(self) -> None:
        """Whatever came before, the end of the message ends it, even while the gate is shut."""
        self.now += seconds(2000)
        for _ in range(8):
            if self.message.outcome is not None:
                return
            self._live_on()
        raise AssertionError("not over after its end")

    def _live_on(self) -> None:
        """Let the clock and the database answer; a worker that was first reports at last."""
        live = self.message.live
        if self.message.pending is not None:
            self.answer(won=True, lease=0)
        elif self.message.asking is not None:
            self.clear(refused=False, wait=None, is_queued=False)
        elif live is not None and live.status is Status.STARTED:
            self.apply(receipt(self.message, Status.UNKNOWN))
        else:
            self.wait(60, gate_open=False)

    @invariant()
    def the_last_step_is_never_left_for_a_late_start(self) -> None:
        live = self.message.live
        if live is not None and live.status is Status.DISPATCHED:
            last = self.message.is_last_step(live)
            assert not last or self.message.state.start_by is None

    @invariant()
    def an_outcome_is_emitted_once(self) -> None:
        assert self.terminal_events == (self.message.outcome is not None)

    @invariant()
    def every_command_is_answered_once(self) -> None:
        waiting = len(self.message.pending.cancels) if self.message.pending else 0
        assert self.answers + waiting == self.commands

    @invariant()
    def started_work_is_never_handed_out_again(self) -> None:
        live = self.message.live
        if live is not None and live.status is Status.STARTED:
            assert self.message.state.retry_at is None

    @invariant()
    def deadlines_end_with_the_outcome(self) -> None:
        if self.message.outcome is not None:
            assert due_at(self.message) is None
            assert silence_at(self.message) is None

    @invariant()
    def an_open_message_is_looked_at_again(self) -> None:
        if self.message.outcome is None and self.message.pending is None:
            assert due_at(self.message) is not None

    @invariant()
    def attempts_are_few(self) -> None:
        assert len(self.message.state.attempts) <= MAX_ATTEMPTS

    @invariant()
    def state_survives_storage(self) -> None:
        stored = STATE.write(self.message.state)
        assert STATE.read(stored) == self.message.state


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=30)
