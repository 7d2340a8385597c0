"""`herald send`: how long it waits."""

from __future__ import annotations

import asyncio
from typing import Any, Self

import pytest
from typer.testing import CliRunner, Result

from herald.cli import send
from herald.cli.application import application
from herald.client import Answer, NoAnswerError
from herald.contracts.vocabulary import CommandAnswer, MessageStatus

ACCEPTED = Answer(
    answer=CommandAnswer.ACCEPTED,
    message_id="00000000-0000-4000-8000-000000000001",
    idempotency_key="a",
    status=MessageStatus.QUEUED,
    outcome=None,
    reason=None,
    channels=["sms"],
    expires_at=None,
    erasure_id=None,
)


class FakeClient:
    """A client and its events: accepted after a while, or never answered; and then no event."""

    accepted_after: float | None = None
    given: float | None = None  # how long the answer may take
    looked_on = False

    def __init__(self, *_: Any, **__: Any) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...

    def events(self, *_: str) -> Self:
        return self

    async def send(self, *_: Any, timeout_seconds: float | None = None, **__: Any) -> Answer:
        type(self).given = timeout_seconds
        if self.accepted_after is None:
            raise NoAnswerError("no answer")
        await asyncio.sleep(self.accepted_after)
        return ACCEPTED

    async def __anext__(self) -> Any:
        await asyncio.sleep(0.1)
        type(self).looked_on = True
        await asyncio.sleep(10)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> type[FakeClient]:
    """Have the command send by such a client."""

    class Own(FakeClient):
        pass

    monkeypatch.setattr(send, "Client", Own)
    return Own


def _send(*options: str) -> Result:
    message = ["--phone", "+15550000001", "--text", "Hello"]
    environment = {"HERALD_AMQP_URL": "amqp://127.0.0.1:1/"}
    return CliRunner().invoke(application, ["send", *message, *options], env=environment)


@pytest.mark.parametrize(("options", "seconds"), [([], 60.0), (["--timeout", "300ms"], 0.3)])
def test_the_timeout_holds_for_the_answer(
    client: type[FakeClient], options: list[str], seconds: float
) -> None:
    """Without another --wait it is all that is waited for; exit code 3 says that none came."""
    done = _send(*options)
    assert (done.exit_code, done.stderr) == (3, "no answer\n")
    assert client.given == seconds


def test_the_timeout_holds_for_answer_and_events_together(client: type[FakeClient]) -> None:
    """What the answer took is no longer there for the events."""
    client.accepted_after = 0.35
    done = _send("--wait", "sent", "--timeout", "300ms")
    assert done.exit_code == 3
    assert "is queued, not sent, after 0.3 s" in done.stderr
    assert not client.looked_on
