"""What becomes of a mail at a relay, at whatever point the session ends."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest

from behaviour.providers.api_server import closed_port
from behaviour.providers.smtp.making import PASSWORD, smtp
from behaviour.providers.smtp.relay import HANG_UP, SILENCE, relaying
from herald.bus.receipt_messages import receipt_body
from herald.channel.reports import report
from herald.contracts.vocabulary import Receipts
from herald.providers.sending import Accepted, NotSent, Refused, Uncertain
from herald.providers.smtp import sessions
from unit.channel_email.making import ATTEMPT, TO, work

MESSAGE_ID = f"<{ATTEMPT}@example.com>"

REFUSALS = [
    ({"GREETING": "554 5.7.1 no"}, "auth", "connect_554"),
    ({"EHLO": "550 no", "HELO": "550 no"}, "auth", "connect_550"),
    ({"AUTH": "535 5.7.8 bad"}, "auth", "auth_535"),
    ({"EHLO": "250 relay.example.com"}, "auth", "auth_unsupported"),
    ({"EHLO": "250-relay.example.com\n250 AUTH GSSAPI"}, "auth", "auth_unsupported"),
    ({"MAIL": "550 5.7.1 not yours"}, "permanent", "mail_550"),
    ({"MAIL": HANG_UP}, "transient", "mail_lost"),
    ({"MAIL": "eh?"}, "transient", "mail_unexpected"),
    ({"RCPT": "550 5.1.1 no such user"}, "unreachable", "rcpt_550"),
    ({"RCPT": "450 4.7.1 greylisted"}, "transient", "rcpt_450"),
    ({"RCPT": "451 4.7.1 rate limited"}, "rate_limited", "rcpt_451"),
    ({"RCPT": HANG_UP}, "transient", "rcpt_lost"),
    ({"DATA": "554 5.7.1 no"}, "permanent", "data_554"),
    ({"DATA": "421 4.3.2 later"}, "transient", "data_421"),
    ({"DATA": "250 what for"}, "transient", "data_unexpected"),
    ({"DATA": HANG_UP}, "transient", "data_lost"),  # before the mail itself
    ({"DOT": "550 5.7.1 spam"}, "permanent", "data_550"),
    ({"DOT": "552 too big"}, "content", "data_552"),
    ({"DOT": "451 4.3.0 later"}, "transient", "data_451"),
    ({"DOT": "421 4.3.2 closing"}, "transient", "data_421"),
]


@pytest.mark.parametrize(("script", "expected", "code"), REFUSALS)
async def test_refusals(script: dict[str, str], expected: str, code: str) -> None:
    """Until the mail is written every end is a sure failure, and so is a refusal after it."""
    async with relaying(**script) as relay:
        result = await smtp(relay.port, signs_in=True).send(work())
    assert isinstance(result, Refused)
    assert (result.failure.failure_class, result.failure.code) == (expected, code)
    assert TO not in f"{result!r}"


UNCERTAIN = [
    (HANG_UP, "data_reply_lost"),
    (SILENCE, "data_reply_lost"),
    ("eh?", "data_reply_unreadable"),
    ("354 go on", "data_reply_unreadable"),
]


@pytest.mark.parametrize(("reply", "code"), UNCERTAIN)
async def test_lost_after_the_final_dot(reply: str, code: str) -> None:
    """Once the mail is written, only the relay's reply decides its fate; it is written once."""
    async with relaying(DOT=reply) as relay:
        assert await smtp(relay.port, timeout="300ms").send(work()) == Uncertain(code)
        assert len(relay.mails) == 1


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "AUTH", "MAIL", "RCPT", "DATA"])
async def test_silence(verb: str) -> None:
    """The time limit is for the whole call: a silent relay can't stretch it step by step."""
    async with relaying(**{verb: SILENCE}) as relay:
        started = monotonic()
        result = await smtp(relay.port, signs_in=True, timeout="300ms").send(work())
    assert isinstance(result, NotSent if verb in {"GREETING", "EHLO", "AUTH"} else Refused)
    assert monotonic() - started < 1.0


async def test_slow_steps_share_the_time_limit() -> None:
    """Steps that are each in time but not together end the call, before the mail is written."""
    async with relaying() as relay:
        relay.delays = {"MAIL": 0.4, "RCPT": 0.4, "DATA": 0.4}
        result = await smtp(relay.port, timeout="1s").send(work())
        assert isinstance(result, Refused)
        assert relay.mails == []


QUEUED = [
    ("250 2.0.0 Ok: queued as 4XyZ12", "4XyZ12"),  # Postfix
    ("250 OK id=1rABCD-0001", "1rABCD-0001"),  # Exim
    ("250 2.6.0 <x@example.com> [InternalId=42949, Hostname=h] Queued mail", "42949"),  # Exchange
    ("250 2.0.0 45ABCxyz Message accepted for delivery", "45ABCxyz"),  # Sendmail
    ("250 2.0.0 Ok", None),
    ("250 <ada@example.org> taken", None),
    ("200 fine", None),  # any 2xx is a success
]


@pytest.mark.parametrize(("reply", "queue_id"), QUEUED)
async def test_accepted(reply: str, queue_id: str | None) -> None:
    """An acceptance is known by our Message-ID, and by the relay's own id where it names one."""
    async with relaying(DOT=reply) as relay:
        result = await smtp(relay.port).send(work())
    assert isinstance(result, Accepted)
    assert result.references == (MESSAGE_ID, *filter(None, [queue_id]))
    assert TO not in str(result.element)


@pytest.mark.parametrize("script", [{"DOT": "250 re\udce7u"}, {"RCPT": "550 5.1.1 inconnu \udce9"}])
async def test_replies_in_any_encoding(script: dict[str, str]) -> None:
    """A report can be written whatever bytes the relay answers with."""
    async with relaying(**script) as relay:
        result = await smtp(relay.port).send(work())
    now = datetime.now(UTC)
    assert not isinstance(result, NotSent)
    receipt = report(work(), result, now, provider="smtp", account="a", receipts=Receipts.NONE)
    assert receipt_body(receipt)


async def test_sessions_are_used_again() -> None:
    """The next mail goes over the same session, after asking whether it still answers."""
    async with relaying() as relay:
        provider = smtp(relay.port)
        for _ in range(3):
            assert isinstance(await provider.send(work()), Accepted)
        assert len(relay.sessions) == 1
        mail = ["MAIL", "RCPT", "DATA"]
        assert relay.said == ["EHLO", *mail, "NOOP", *mail, "NOOP", *mail]


@pytest.mark.parametrize("noop", [HANG_UP, "421 4.4.2 timeout", "500 what"])
async def test_dead_sessions_are_replaced(noop: str) -> None:
    """A session that has ended meanwhile costs a new one, not a failure."""
    async with relaying(NOOP=noop) as relay:
        provider = smtp(relay.port)
        for _ in range(2):
            assert isinstance(await provider.send(work()), Accepted)
        assert len(relay.sessions) == 2


async def test_silent_session_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-dead session is given up soon enough for a new one to do."""
    monkeypatch.setattr(sessions, "PROBE_SECONDS", 0.1)
    async with relaying(NOOP=SILENCE) as relay:
        provider = smtp(relay.port)
        for _ in range(2):
            assert isinstance(await provider.send(work()), Accepted)


async def test_old_sessions_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that was idle for long is not trusted."""
    monkeypatch.setattr(sessions, "IDLE_SECONDS", 0.0)
    async with relaying() as relay:
        provider = smtp(relay.port)
        for _ in range(2):
            await provider.send(work())
        assert len(relay.sessions) == 2
        assert "NOOP" not in relay.said


async def test_a_refused_recipient_does_not_spoil_the_session() -> None:
    """After a refusal the transaction is reset, and the next mail goes over the same session."""
    async with relaying(RCPT="550 5.1.1 no") as relay:
        provider = smtp(relay.port)
        assert isinstance(await provider.send(work()), Refused)
        relay.script["RCPT"] = "250 2.1.5 Ok"
        assert isinstance(await provider.send(work()), Accepted)
        assert relay.said == ["EHLO", "MAIL", "RCPT", "RSET", "NOOP", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("answer", ["250 what for", "eh?"])
async def test_an_unexpected_reply_ends_the_session(answer: str) -> None:
    """A relay that may have begun to read a mail gets no more of that session."""
    async with relaying(DATA=answer) as relay:
        provider = smtp(relay.port)
        for _ in range(2):
            assert isinstance(await provider.send(work()), Refused)
        assert relay.said == ["EHLO", "MAIL", "RCPT", "DATA"] * 2


async def test_few_sessions_at_once() -> None:
    """Many mails share few sessions: a relay that counts connections is not provoked."""
    async with relaying() as relay:
        provider = smtp(relay.port, timeout="10s")
        results = await asyncio.gather(*(provider.send(work()) for _ in range(100)))
        assert all(isinstance(result, Accepted) for result in results)
        assert len(relay.mails) == 100
        assert relay.most_open <= sessions.MAX_SESSIONS


async def test_not_reached() -> None:
    """A refused connection makes no try."""
    result = await smtp(closed_port()).send(work())
    assert result == NotSent("connect")


async def test_no_call_without_a_mail() -> None:
    """Content or a profile that makes no mail is refused before any connection."""
    async with relaying() as relay:
        provider = smtp(relay.port)
        for order, code in (
            (work({"subject": "x"}), "no_content"),
            (work(sender=None), "no_sender"),
            (work(recipient_name="Ada\nBcc: x"), "bad_header"),
        ):
            result = await provider.send(order)
            assert isinstance(result, Refused)
            assert result.failure.code == code
        assert relay.sessions == []


async def test_no_password_to_a_relay_without_tls() -> None:
    """Where STARTTLS is asked for and not offered, nothing is said that must not be heard."""
    async with relaying() as relay:
        result = await smtp(relay.port, signs_in=True, security="starttls").send(work())
        assert isinstance(result, Refused)
        assert result.failure.code == "starttls_unsupported"
        assert result.failure.failure_class == "auth"
        assert relay.said == ["EHLO"]


async def test_password_is_not_shown() -> None:
    """A relay that repeats what it heard can't put the password into a result's repr."""
    async with relaying(AUTH="535 5.7.8 bad") as relay:
        provider = smtp(relay.port, signs_in=True)
        assert PASSWORD not in repr(await provider.send(work()))
        assert provider.options.receipts is Receipts.NONE


async def test_dots_arrive() -> None:
    """A line that starts with a dot is neither the end of the mail nor a dot short."""
    async with relaying() as relay:
        text = ".\n..\nQUIT\n.end"
        assert isinstance(await smtp(relay.port).send(work({"text": text})), Accepted)
        (raw,) = relay.mails
        lines = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
        assert lines == [b"..", b"...", b"QUIT", b"..end", b".", b""]


@pytest.mark.parametrize("to", ["jürgen@example.org", "ada@exämple.org"])
async def test_addresses_outside_ascii(to: str) -> None:
    """They go over a relay with SMTPUTF8, header and envelope; any other can't reach them."""
    async with relaying() as relay:
        result = await smtp(relay.port, timeout=timedelta(seconds=2)).send(work(to=to))
        assert isinstance(result, Refused)
        assert result.failure.code == "smtputf8_unsupported"
        assert result.failure.failure_class == "unreachable"
    async with relaying(EHLO="250-relay.example.com\n250 SMTPUTF8") as relay:
        assert isinstance(await smtp(relay.port).send(work(to=to)), Accepted)
        assert relay.sessions[0][1:3] == [
            "MAIL FROM:<no-reply@example.com> SMTPUTF8",
            f"RCPT TO:<{to}>",
        ]
        assert f"\r\nTo: {to}\r\n".encode() in relay.mails[0]
