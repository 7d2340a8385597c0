"""`decide(message, fact, now)`: every change of a message is decided here. No I/O.

A fact first changes what is known; then `_proceed` looks at what is known and moves the plan on.
While a withdraw is pending or a clearance is asked for nothing moves: the answer is a fact of the
same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from herald.config.file import RetryRules
from herald.contracts.vocabulary import CommandAnswer
from router.core.cancels import ask_cancel, end_if_nothing_is_open
from router.core.clearance import Clearance
from router.core.draft import Draft
from router.core.effects import Decision
from router.core.facts import (
    CancelAsked,
    Cleared,
    DeadLettered,
    Due,
    Fact,
    MessageAccepted,
    ReceiptArrived,
    Released,
    WithdrawAnswered,
)
from router.core.fallback import next_move
from router.core.hops import begin_step, go_on_cleared, release
from router.core.message import Message
from router.core.moves import carry_out
from router.core.receipts import process_receipt
from router.core.states import ENDED
from router.core.timers import act_on_deadline
from router.core.withdraws import conclude_withdraw, take_back_dead_letter

DEFAULT_RULES = RetryRules()


def decide(
    message: Message,
    fact: Fact,
    now: datetime,
    rules: RetryRules = DEFAULT_RULES,
    cleared: Mapping[int, Clearance] | None = None,
) -> Decision:
    """Return what `fact` makes of `message`: the new state, and effects as values.

    `cleared` has what was found out about steps that may start now; what it lacks is asked for.
    None: nothing stands in any step's way.
    """
    draft = Draft(message, now, fact.key, cleared)
    match fact:
        case MessageAccepted():
            draft.answer_command(CommandAnswer.ACCEPTED, fact.context)
        case ReceiptArrived():
            process_receipt(draft, fact, rules)
        case DeadLettered():
            take_back_dead_letter(draft, fact)
        case CancelAsked():
            ask_cancel(draft, fact.context)
        case Due():
            act_on_deadline(draft, fact)
        case WithdrawAnswered():
            conclude_withdraw(draft, fact)
        case Cleared():
            go_on_cleared(draft, fact)
        case Released():
            release(draft, fact)
        case _:
            assert_never(fact)
    _proceed(draft, rules)
    return draft.decision()


def _proceed(draft: Draft, rules: RetryRules) -> None:
    """Move the plan on if nothing is under way."""
    message = draft.message
    if message.outcome is not None or message.pending is not None or message.asking is not None:
        return
    current = message.current
    if message.state.waiting is not None:
        return
    if current is None:
        if message.state.send_at is None:
            begin_step(draft, 1)
    elif current.status in ENDED and message.state.retry_at is None:
        if message.state.stopped:
            end_if_nothing_is_open(draft)
        else:
            carry_out(draft, current, next_move(message, current, draft.now, rules))
