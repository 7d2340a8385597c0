"""What must be kept of a call or a webhook, and what must not."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic_core import to_json

from herald.conformance.checks import Check, Needs
from herald.conformance.line import open_line
from herald.conformance.status_checks import counted
from herald.conformance.trial import Trial, receipts_of
from herald.conformance.verdicts import require
from herald.contracts.receipts import AttemptReceipt
from herald.providers.samples import RECIPIENT_EMAIL, RECIPIENT_NAME, RECIPIENT_PHONE, TEXT
from herald.providers.sending import NotSent, SendResult
from herald.providers.subject_sending import Answer, Fault

_DIGITS = RECIPIENT_PHONE.removeprefix("+")
_ADDRESSES = (_DIGITS, RECIPIENT_EMAIL)
_PROSE = f"Message to {RECIPIENT_PHONE} ({RECIPIENT_EMAIL}) was not taken"


async def of_statuses(trial: Trial) -> None:
    """Keep of a status neither the recipient's address nor the message's text."""
    look = "`kept_fields` in webhooks.py, and `Failure.of`"
    for word in trial.webhooks.words:
        code = next(iter(trial.webhooks.codes), None) if word == trial.webhooks.failed else None
        found = trial.read(trial.status(word=word, code=code, text=_PROSE))
        require(bool(found.receipts), f"a receipt of {word!r}", counted(found), look)
        for receipt in receipts_of(found):
            assert isinstance(receipt, AttemptReceipt)
            written = receipt.model_dump_json()
            seen = [address for address in _ADDRESSES if address in written]
            require(not seen, f"no address kept of {word!r}", seen, look)
            element = json.dumps(receipt.element)
            require(TEXT not in element, f"no text kept of {word!r}", "the text", look)
            require(receipt.element is not None, f"ids and times kept of {word!r}", "none", look)


async def of_calls(trial: Trial) -> None:
    """Show of a call neither secret nor recipient nor text: in its result, nor in logs."""
    sending, account = trial.subject.sending, trial.account()
    hidden = dict.fromkeys(trial.secrets(account).values(), "a secret")
    hidden |= dict.fromkeys((*_ADDRESSES, RECIPIENT_NAME), "the recipient")
    hidden[TEXT] = "the text"
    answers: list[Answer | Fault] = [sending.accepted, sending.throttled, Fault.RESET]
    answers += [error.answer for error in sending.errors[:5]]
    async with open_line(trial) as line:
        for then in answers:
            result = await line.send(then)
            written = [*_kept(result), *line.logs]
            seen = {what for word, what in hidden.items() if any(word in it for it in written)}
            look = "send.py: `element=` of the result, `Failure.of`, and what is logged"
            require(not seen, "only ids and codes kept of a call", seen, look)


async def of_urls(trial: Trial) -> None:
    """Put no secret into the address of a call: proxies and servers log those."""
    sending, account = trial.subject.sending, trial.account()
    async with open_line(trial) as line:
        await line.send(sending.accepted)
        for request in line.heard:
            first_line = request.partition(b"\r\n")[0].decode("latin-1")
            has_one = any(secret in first_line for secret in trial.secrets(account).values())
            require(not has_one, "no secret in the URL of a call", "a secret", "write_request")


def _kept(result: SendResult) -> Iterator[str]:
    """Give all that is written of a result, here or there."""
    yield repr(result)
    if not isinstance(result, NotSent):
        yield to_json(result.element).decode()


STATUSES, CALLS = Needs.WEBHOOKS, Needs.SENDING
CHECKS = (
    Check("secrecy_of_statuses", "No address or text of a status is kept.", STATUSES, of_statuses),
    Check("secrecy_of_calls", "No secret, address or text of a call is kept.", CALLS, of_calls),
    Check("secrecy_of_urls", "No secret stands in a URL.", Needs.HTTP, of_urls),
)
