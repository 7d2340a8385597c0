"""How the conformance kit tries an account at an SMSC."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from typing import Any

from herald.contracts.vocabulary import FailureClass
from herald.providers.samples import sms
from herald.providers.smpp.errors import COMMAND_STATUSES, THROTTLED
from herald.providers.smpp.pdus import (
    HEADER_BYTES,
    RESPONSE,
    SUBMIT_SM,
    Pdu,
    read_header,
)
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Fault, Script, Sending, Without

MESSAGE_ID = "4F2A91"


class SmscWire:
    """An SMSC that binds everybody; an answer's status is the command_status, its body the id."""

    def options(self, port: int) -> Mapping[str, Any]:
        """Lead the account here."""
        return {"host": "127.0.0.1", "port": port, "security": "none"}

    async def serve(self, reader: StreamReader, writer: StreamWriter, script: Script) -> None:
        """Answer what is asked until the client leaves."""
        while True:
            head = await reader.readexactly(HEADER_BYTES)
            length, request = read_header(head)
            body = await reader.readexactly(length)
            then: Answer | Fault = Answer(status=0)
            if request.command == SUBMIT_SM:
                await script.heard(head + body)
                then = script.then
            if then is Fault.RESET:
                writer.transport.abort()
            if isinstance(then, Answer):
                command, status = request.command | RESPONSE, then.status
                response = Pdu(command, request.sequence, status, then.body + b"\0")
                writer.write(response.encoded())


def error(code: str, failure_class: FailureClass) -> Error:
    """Describe an answer with a command_status."""
    return Error(label=code, answer=Answer(status=int(code, 16)), failure_class=failure_class)


SUBJECTS = (
    Subject(
        name="smpp",
        provider="smpp",
        channel="sms",
        options={"host": "smsc.example.com", "system_id": "herald"},
        secrets={"password": "secret-of-the-system"},
        sending=Sending(
            messages=(
                sms(),
                sms("from a name", sender="Herald"),
                sms("outside the GSM alphabet", text="Привет"),
            ),
            accepted=Answer(status=0, body=MESSAGE_ID.encode()),
            references=(MESSAGE_ID,),
            errors=tuple(error(code, found) for code, found in COMMAND_STATUSES.items()),
            throttled=Answer(status=THROTTLED),
            broken=error("0x08", FailureClass.TRANSIENT),
            wire=SmscWire(),
        ),
        webhooks=Without("receipts and messages come over its binds"),
    ),
)
