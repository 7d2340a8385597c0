"""What a provider makes of an answer, and of none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

from herald.conformance.checks import Check, Needs
from herald.conformance.line import SHORT, Line, open_line
from herald.conformance.status_checks import one_receipt
from herald.conformance.trial import Trial
from herald.conformance.verdicts import NotMetError, require
from herald.contracts.vocabulary import FailureClass
from herald.providers.sending import Accepted, NotSent, Refused, SendResult, Uncertain
from herald.providers.subject_sending import Answer, Fault, Without, json_answer

_READ = "read_response in send.py"
_TRANSPORT = "send in send.py: HttpProvider and herald.providers.responses do this"
TWICE = 2
_WAIT = timedelta(seconds=7)
_PATIENT = timedelta(seconds=4)
_HTML = b"<html><body><h1>502 Bad Gateway</h1></body></html>"
# as gateways write them: of Amazon, Kong, Spring, Google
_GATEWAYS: tuple[dict[str, Any], ...] = (
    {"message": "Endpoint request timed out"},
    {"message": "The upstream server is timing out", "request_id": "f0"},
    {"timestamp": 1768824000, "status": 504, "error": "Gateway Timeout", "path": "/"},
    {"error": "upstream request timeout"},
)
_GARBAGE = (b"", b"garbage", b"<html></html>", b"{}", b"[]", b"null", b"7", b'{"id":', b"\xff\xfe")


async def accepted(trial: Trial) -> None:
    """Send each message of the subject, once, and read the provider's ids."""
    sending = trial.subject.sending
    async with open_line(trial) as line:
        for message in sending.messages:
            result = await line.send(sending.accepted, message)
            is_so = isinstance(result, Accepted)
            require(is_so, f"{message.label}: accepted", _shown(result), _READ)
            assert isinstance(result, Accepted)
            seen = result.references
            is_so = seen == sending.references if sending.references else bool(seen)
            require(is_so, f"{message.label}: {sending.references}", seen, _READ)
            require(len(line.heard) == 1, "one call that sends", len(line.heard), "send.py")


async def errors(trial: Trial) -> None:
    """Give every documented error its class."""
    async with open_line(trial) as line:
        for error in trial.subject.sending.errors:
            result = await line.send(error.answer)
            seen, wanted = _class_of(result), error.failure_class
            look = "errors.py, and `errors` of the subject"
            require(seen is wanted, f"{error.label}: {wanted.value}", _shown(result), look)
            require(len(line.heard) == 1, "no second call", len(line.heard), "send.py")


async def throttled(trial: Trial) -> None:
    """Slow down where the provider says that there are too many calls."""
    answer = trial.subject.sending.throttled
    async with open_line(trial) as line:
        result = await line.send(answer)
        is_so = _class_of(result) is FailureClass.RATE_LIMITED
        require(is_so, "rate_limited, with its scope", _shown(result), _READ)
        assert isinstance(result, Refused)
        look = "SCOPES in errors.py"
        require(result.scope is not None, "what is throttled", "no scope", look)


async def throttled_with_wait(trial: Trial) -> None:
    """Wait as long as a 429 asks, in seconds, and survive one that asks for nonsense."""
    answer = trial.subject.sending.throttled
    async with open_line(trial) as line:
        for header, wanted in (("7", _WAIT), ("soon", None), ("-1", None), ("9" * 40, None)):
            result = await line.send(_with(answer, "Retry-After", header))
            is_so = isinstance(result, Refused)
            require(is_so, "rate_limited", _shown(result), _READ)
            assert isinstance(result, Refused)
            seen = result.failure.retry_after
            is_so = wanted is None or seen == wanted
            require(is_so, f"a wait of {wanted} for Retry-After: {header}", seen, "asked_wait")


async def own_server_error(trial: Trial) -> None:
    """Follow the provider's own word, also where it comes with a 5xx."""
    broken = trial.subject.sending.broken
    assert not isinstance(broken, Without)
    async with open_line(trial) as line:
        result = await line.send(broken.answer)
        seen, wanted = _class_of(result), broken.failure_class
        require(seen is wanted, f"{broken.label}: {wanted.value}", _shown(result), _READ)


async def bare_server_error(trial: Trial) -> None:
    """Know that a 5xx which is not the provider's own says nothing: a server before it wrote it."""
    async with open_line(trial) as line:
        for status in (500, 502, 503, 504, 520, 599):
            answer = Answer(status=status, body=_HTML, headers={"Content-Type": "text/html"})
            await _expect_doubt(trial, line, answer, f"a bare {status}")
        for document in _GATEWAYS:
            answer = json_answer(504, document)
            await _expect_doubt(trial, line, answer, f"a gateway's 504, {document}")


async def unavailable(trial: Trial) -> None:
    """Give work back where a bare 503 says when to come again."""
    answer = Answer(status=503, body=_HTML, headers={"Retry-After": "7"})
    async with open_line(trial) as line:
        result = await line.send(answer)
        is_so = isinstance(result, NotSent) and result.wait == _WAIT
        require(is_so, f"not sent, to be tried after {_WAIT}", _shown(result), _TRANSPORT)


async def garbage(trial: Trial) -> None:
    """Take no success for one that can't be read."""
    status = trial.subject.sending.accepted.status
    async with open_line(trial) as line:
        for body in _GARBAGE:
            await _expect_doubt(trial, line, Answer(status=status, body=body), f"{body!r}")
        for body in (b'{"a":' * 5_000, json.dumps({"id": None}).encode()):
            await _expect_doubt(trial, line, Answer(status=status, body=body), f"{body[:20]!r}")


async def reset(trial: Trial) -> None:
    """Know that a connection which ends after the request leaves a doubt."""
    async with open_line(trial) as line:
        await _expect_doubt(trial, line, Fault.RESET, "a reset after the request")
        _expect_no_other_call(trial, line)


async def silence(trial: Trial) -> None:
    """Know that an answer which does not come in time leaves a doubt."""
    for timeout in (SHORT, _PATIENT):
        async with open_line(trial, timeout=timeout) as line:
            result = await line.send(Fault.SILENCE)
            if line.heard:  # else this machine was too slow to connect in that time
                _require_doubt(trial, result, "no answer in time")
                _expect_no_other_call(trial, line)
                return
    raise NotMetError("a call that nobody answers", _shown(result), _TRANSPORT)


async def refused_connection(trial: Trial) -> None:
    """Give work back where nobody can be reached: nothing was sent."""
    async with open_line(trial, reachable=False) as line:
        result = await line.send(trial.subject.sending.accepted)
        require(isinstance(result, NotSent), "not sent", _shown(result), _TRANSPORT)


async def tag_comes_back(trial: Trial) -> None:
    """Know the attempt of a webhook that arrives before our call is answered."""
    subject = trial.subject
    reports: list[str | None] = []

    async def report(request: bytes) -> None:
        sent = subject.sending.messages[0].work
        if subject.sending.tagged(sent.tag) in unquote(unquote(request.decode("latin-1"))):
            reports.append(one_receipt(trial, trial.status(tag=sent.tag)).attempt_id)

    async with open_line(trial) as line:
        line.while_heard = report
        result = await line.send(subject.sending.accepted)
    look = "where send.py puts `work.tag`"
    require(isinstance(result, Accepted), "accepted", _shown(result), _READ)
    require(bool(reports), "our attempt in the call, for its webhooks to name", "none", look)
    wanted = subject.sending.messages[0].work.attempt_id
    require(reports[0] == wanted, f"the attempt {wanted}", reports[0], "`carried` in webhooks.py")


def _expect_no_other_call(trial: Trial, line: Line) -> None:
    """Expect one call, or the same one again where the provider knows it by a key."""
    if trial.subject.sending.repeats_safely:
        is_so = len(line.heard) <= TWICE and len(set(line.heard)) == 1
        require(is_so, "the same call, at most twice", len(line.heard), "send.py")
    else:
        require(len(line.heard) == 1, "no second call", len(line.heard), "send.py")


async def _expect_doubt(trial: Trial, line: Line, then: Answer | Fault, what: str) -> None:
    """Expect that nobody knows, or that it may be sent again by a key that the provider knows."""
    _require_doubt(trial, await line.send(then), what)


def _require_doubt(trial: Trial, result: SendResult, what: str) -> None:
    repeatable = _class_of(result) is FailureClass.TRANSIENT
    is_so = isinstance(result, Uncertain) or (trial.subject.sending.repeats_safely and repeatable)
    require(is_so, f"{what}: ambiguous, for it may have been taken", _shown(result), _TRANSPORT)


def _class_of(result: SendResult) -> FailureClass | None:
    if isinstance(result, Refused):
        return result.failure.failure_class
    if isinstance(result, NotSent):
        return FailureClass.TRANSIENT
    return FailureClass.AMBIGUOUS if isinstance(result, Uncertain) else None


def _shown(result: SendResult) -> str:
    if isinstance(result, Refused):
        failure = result.failure
        return f"refused: {failure.failure_class.value}, code {failure.code!r}"
    if isinstance(result, Accepted):
        return f"accepted: {result.references}"
    kind = "not sent" if isinstance(result, NotSent) else "ambiguous"
    return f"{kind}: {result.code}"


def _with(answer: Answer, name: str, value: str) -> Answer:
    return replace(answer, headers={**answer.headers, name: value})


SENDS, HTTP = Needs.SENDING, Needs.HTTP
CHECKS = (
    Check("send_accepted", "Every message is sent once, and its ids are read.", SENDS, accepted),
    Check("send_errors", "Every documented error has its class.", SENDS, errors),
    Check("send_throttled", "Too many calls slow down what is too fast.", SENDS, throttled),
    Check("send_throttled_wait", "A Retry-After is waited for.", HTTP, throttled_with_wait),
    Check(
        "send_own_5xx",
        "An error of its own counts with a 5xx, too.",
        Needs.SERVER_ERROR,
        own_server_error,
    ),
    Check("send_bare_5xx", "A 5xx of nobody's is ambiguous.", HTTP, bare_server_error),
    Check("send_bare_503", "A bare 503 that says when gives work back.", HTTP, unavailable),
    Check("send_garbage", "A success that can't be read is ambiguous.", HTTP, garbage),
    Check("send_reset", "A reset after the request is ambiguous.", SENDS, reset),
    Check("send_silence", "No answer in time is ambiguous.", SENDS, silence),
    Check("send_unreached", "A refused connection gives work back.", SENDS, refused_connection),
    Check(
        "send_tag_comes_back",
        "A webhook before our answer names the attempt.",
        Needs.WEBHOOKS,
        tag_comes_back,
    ),
)
