"""SMS by SMPP 3.4: one submit_sm for each part of a message."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

from herald.contracts.failures import Failure
from herald.contracts.receipts import AttemptReceipt
from herald.contracts.vocabulary import Status
from herald.contracts.work import Work
from herald.providers.rendered import RenderedSms
from herald.providers.sending import (
    Accepted,
    Emit,
    NotSent,
    Provider,
    ProviderContext,
    Refused,
    SendResult,
    Uncertain,
)
from herald.providers.smpp.account import SmppAccount, SmppSecrets
from herald.providers.smpp.arrivals import Arrivals
from herald.providers.smpp.binds import Binds
from herald.providers.smpp.dialing import Dialer
from herald.providers.smpp.errors import OK, is_of_message, refusal, throttled_scope
from herald.providers.smpp.incoming import NAME, Recipient
from herald.providers.smpp.link import WINDOW_FULL, Link
from herald.providers.smpp.message_ids import canonical
from herald.providers.smpp.pdus import Message, Pdu, read_message_id, write_message
from herald.providers.smpp.requests import LinkLostError, NotWrittenError
from herald.providers.smpp.submits import write_submits

PAUSE_SECONDS = 0.5  # before a part that was throttled goes again: half a message helps nobody
# Of the time that is left, to wait for a bind and a place in its window: what is submitted at its
# very end may be taken, and counts as unknown.
WAIT_SHARE = 0.5
NO_ID = "no-id:"  # of what was taken without one
_REFERENCES = 0x10000


def make_provider(context: ProviderContext[SmppAccount, SmppSecrets]) -> Provider:
    """Make the provider of one account by one way."""
    recipient = Recipient(context.name, context.account)
    arrivals = Arrivals(recipient)
    dialer = Dialer(context.account, context.connect, arrivals.take, arrivals.answered)
    return Smpp(recipient, Binds(context.name, dialer, context.credentials), arrivals)


class Smpp:
    """One account at an SMSC."""

    def __init__(self, recipient: Recipient, binds: Binds, arrivals: Arrivals) -> None:
        self._recipient = recipient
        self._account = recipient.options
        self._binds = binds
        self._arrivals = arrivals
        self._reference = random.randrange(_REFERENCES)  # noqa: S311  so that workers differ
        self._late: set[asyncio.Task[None]] = set()

    async def start(self, emit: Emit, /) -> None:
        """Begin to bind; receipts may come at any time from then on."""
        self._arrivals.emit = emit
        self._binds.start()

    async def stop(self) -> None:
        """Unbind."""
        await self._binds.stop()
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def send(self, work: Work, content: RenderedSms) -> SendResult:
        """Submit a message, part by part, within the account's time limit."""
        self._reference = reference = (self._reference + 1) % _REFERENCES
        messages = write_submits(self._account, work, content, reference, datetime.now(UTC))
        if isinstance(messages, Failure):
            return Refused(messages, of_message=True)
        deadline = asyncio.get_running_loop().time() + self._account.timeout.total_seconds()
        taken: list[str] = []
        for number, message in enumerate(messages):
            result = await self._submit(work, message, deadline, is_first=number == 0)
            if isinstance(result, Uncertain):
                self._arrivals.doubts.keep(reference, work)
            if not isinstance(result, Accepted):
                return _partly(taken, len(messages), result) if taken else result
            taken += result.references
        return Accepted(_distinct(taken), element={"parts": len(taken)} if len(taken) > 1 else None)

    async def _submit(
        self, work: Work, message: Message, deadline: float, *, is_first: bool
    ) -> SendResult:
        """Submit one part; a later one that is throttled goes again, in what time is left."""
        body = write_message(message)
        while True:
            now = asyncio.get_running_loop().time()
            begin_by = now + (deadline - now) * WAIT_SHARE
            link = await self._binds.sender(begin_by)
            if not isinstance(link, Link):
                return link
            result = await self._submit_by(link, work, body, begin_by, deadline)
            left = deadline - asyncio.get_running_loop().time()
            is_throttled = isinstance(result, Refused) and result.scope is not None
            if is_first or not is_throttled or left < 2 * PAUSE_SECONDS:
                return result
            await asyncio.sleep(PAUSE_SECONDS)

    async def _submit_by(
        self, link: Link, work: Work, body: bytes, begin_by: float, deadline: float
    ) -> SendResult:
        note_late = partial(self._note_late, work)
        try:
            response = await link.submit(body, begin_by, deadline, note_late)
        except NotWrittenError as error:
            return NotSent(error.code, of_us=error.code == WINDOW_FULL)
        except LinkLostError as error:
            return Uncertain(f"submit_{error.code}")
        except TimeoutError:
            return Uncertain("submit_timeout")
        return self._read(work, response)

    def _read(self, work: Work, response: Pdu) -> Accepted | Refused:
        """Read a submit_sm_resp, or the generic_nack in its place."""
        if response.status == OK:
            account = self._account
            found = canonical(
                read_message_id(response.body),
                account.response_ids,
                ignore_case=account.ids_ignore_case,
            )
            return Accepted((found or NO_ID + work.attempt_id,))
        failure = refusal(response.status, self._account.command_errors)
        scope = throttled_scope(response.status, failure)
        of_message = is_of_message(response.status, failure)
        return Refused(failure, of_message=of_message, scope=scope)

    def _note_late(self, work: Work, response: Pdu) -> None:
        """Report a response that came after the call had given up: it resolves an unknown."""
        result = self._read(work, response)
        task = asyncio.create_task(self._report(late_receipt(self._recipient, work, result)))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _report(self, receipt: AttemptReceipt) -> None:
        if self._arrivals.emit is not None:
            await self._arrivals.emit(receipt)


def late_receipt(recipient: Recipient, work: Work, result: Accepted | Refused) -> AttemptReceipt:
    """Make the receipt of a response that nobody waited for any more."""
    is_taken = isinstance(result, Accepted)
    return AttemptReceipt(
        source="channel",
        channel=recipient.options.channel,
        provider=NAME,
        account=recipient.name,
        attempt_id=work.attempt_id,
        lane=work.lane,
        references=result.references if isinstance(result, Accepted) else (),
        status=Status.ACCEPTED if is_taken else Status.FAILED,
        receipts=recipient.options.receipts if is_taken else None,
        event_key="late_response",
        failure=result.failure if isinstance(result, Refused) else None,
        received_at=datetime.now(UTC),
    )


def _partly(taken: Sequence[str], parts: int, end: SendResult) -> Accepted:
    """Say that a part of a message was taken: it must never be sent again.

    The recipient misses the rest, and no receipt says delivered: the next step follows its silence.
    """
    match end:
        case Refused(failure=failure):
            why = failure.code
        case NotSent(code=code) | Uncertain(code=code):
            why = code
        case _:
            why = ""
    return Accepted(_distinct(taken), element={"parts": parts, "taken": len(taken), "end": why})


def _distinct(references: Sequence[str]) -> tuple[str, ...]:
    """Name each id once: some SMSCs give all parts the same."""
    return tuple(dict.fromkeys(references))
