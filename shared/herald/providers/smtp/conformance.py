"""How the conformance kit tries an SMTP relay: by a small one of its own on a raw connection."""

from __future__ import annotations

from asyncio import StreamReader, StreamWriter
from collections.abc import Mapping
from typing import Any

from herald.contracts.vocabulary import FailureClass
from herald.providers.samples import ATTEMPT_ID, RECIPIENT_EMAIL, email
from herald.providers.smtp.conformance_mails import WEBHOOKS
from herald.providers.subject import Subject
from herald.providers.subject_sending import Answer, Error, Fault, Script, Sending, Without

VERB = "verb"  # the header of an answer that names the command it is given to
_END = b"\r\n.\r\n"
# what a relay says to a command when nothing is wrong
_USUAL = {
    b"EHLO": b"250-relay.example.com\r\n250-AUTH PLAIN\r\n250 SMTPUTF8",
    b"AUTH": b"235 2.7.0 welcome",
    b"MAIL": b"250 2.1.0 ok",
    b"RCPT": b"250 2.1.5 ok",
    b"DATA": b"354 go ahead",
    b"RSET": b"250 2.0.0 ok",
    b"NOOP": b"250 2.0.0 ok",
    b"QUIT": b"221 2.0.0 bye",
}


class Relay:
    """A relay that does what the script says once it has the mail, or at the command it names."""

    def options(self, port: int) -> Mapping[str, Any]:
        """Return the options that lead to it."""
        return {"host": "127.0.0.1", "port": port, "security": "none"}

    async def serve(self, reader: StreamReader, writer: StreamWriter, script: Script) -> None:
        """Serve one session."""
        writer.write(b"220 relay.example.com ESMTP\r\n")
        while line := await reader.readline():
            verb = line[:4].upper()
            then, at = script.then, _verb_of(script)
            if verb == at:
                await script.heard(line)
                writer.write(_reply(script))
            else:
                writer.write(_USUAL.get(verb, b"500 5.5.1 what?") + b"\r\n")
            if verb == b"QUIT":
                return
            if verb == b"DATA" and at != b"DATA":
                await script.heard(await reader.readuntil(_END))
                if then is Fault.RESET:
                    writer.transport.abort()
                    return
                if then is Fault.SILENCE:
                    await reader.read()  # until the other side has had enough
                    return
                writer.write(_reply(script) if at == b"" else b"250 2.0.0 ok\r\n")


def _verb_of(script: Script) -> bytes:
    """Name the command that is answered by the script; none: the mail is."""
    then = script.then
    return then.headers.get(VERB, "").encode() if isinstance(then, Answer) else b""


def _reply(script: Script) -> bytes:
    assert isinstance(script.then, Answer)
    return script.then.body + b"\r\n"


def error(reply: str, known: FailureClass, verb: str = "") -> Error:
    """Refuse at a command, or the mail; the words repeat the address."""
    body = f"{reply} <{RECIPIENT_EMAIL}>".encode()
    label = f"{reply.split(maxsplit=1)[0]} to {verb or 'the mail'}"
    return Error(
        label=label,
        answer=Answer(body=body, headers={VERB: verb} if verb else {}),
        failure_class=known,
    )


SENDING = Sending(
    messages=(email(), email("HTML alone", rendered={"text": None})),
    accepted=Answer(body=b"250 2.0.0 Ok: queued as 4bX7Yz1"),
    references=(f"<{ATTEMPT_ID}@example.com>", "4bX7Yz1"),
    errors=(
        error("550 5.1.1 no such user", FailureClass.UNREACHABLE, "RCPT"),
        error("551 not here", FailureClass.UNREACHABLE, "RCPT"),
        error("552 5.2.2 mailbox full", FailureClass.UNREACHABLE, "RCPT"),
        error("450 4.7.1 greylisted", FailureClass.TRANSIENT, "RCPT"),
        error(
            "450 4.2.1 receives mail at a rate that is too high", FailureClass.RATE_LIMITED, "RCPT"
        ),
        error("550 5.7.1 you may not send as this", FailureClass.PERMANENT, "MAIL"),
        error("530 5.7.0 authentication required", FailureClass.AUTH, "MAIL"),
        error("451 4.3.0 local error", FailureClass.TRANSIENT, "DATA"),
        error("552 5.3.4 too big", FailureClass.CONTENT),
        error("554 5.7.1 spam", FailureClass.PERMANENT),
        error("451 4.3.0 try again", FailureClass.TRANSIENT),
        error("999 what", FailureClass.AMBIGUOUS),
    ),
    throttled=Answer(body=b"451 4.7.1 rate limited, try again later", headers={VERB: "RCPT"}),
    broken=Without("a relay has no other form than its replies, which `errors` has"),
    wire=Relay(),
)

SUBJECTS = (
    Subject(
        name="smtp",
        provider="smtp",
        channel="email",
        options={"host": "relay.example.com"},
        secrets={"username": "herald-user", "password": "password-of-the-relay"},
        sending=SENDING,
        webhooks=WEBHOOKS,
        exempt={
            "signature_covers_body": "a token says who posts, and covers nothing else",
        },
    ),
)
