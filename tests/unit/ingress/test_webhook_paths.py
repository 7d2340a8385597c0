"""Which paths are webhooks: exactly those that Starlette's route for them takes."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from herald.service.application import application
from herald.service.http_limits.whole_requests import Answer, WholeRequest
from ingress.webhook_paths import WebhooksFirst

# each followed by each, by threes and by fours
PIECES = ("/", "//", "/webhooks", "webhooks", "/a", "b", "\n", "{x}", "%2F", "é", ".", "?", " ")


class Asked:
    """An application that remembers the parts of the path it was asked for."""

    def __init__(self) -> None:
        self.parts: dict[str, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.parts = dict(scope["path_params"])
        await PlainTextResponse("a webhook")(scope, receive, send)

    def take(self, request: WholeRequest, answer: Answer) -> bool:  # noqa: ARG002
        return False


def through_starlette(asked: Asked) -> Starlette:
    return application([Route("/webhooks/{provider}/{account}", asked)])


async def ask(app: Any, path: str, **scope: Any) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    whole = {"type": "http", "method": "POST", "root_path": "", "headers": [], "path": path}
    await app({**whole, **scope}, receive, send)
    return sent


async def test_every_path_is_answered_as_starlette_would() -> None:
    """Odd slashes, encodings and line ends lead where the route led, with the same parts."""
    paths = [*map("".join, product(PIECES, repeat=3))]
    paths += ["/webhooks" + "".join(rest) for rest in product(PIECES, repeat=3)]
    own, routed = Asked(), Asked()
    first, plain = WebhooksFirst(own, own, application([])), through_starlette(routed)
    for path in paths:
        own.parts = routed.parts = None
        assert await ask(first, path) == await ask(plain, path), path
        assert own.parts == routed.parts, path


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "OPTIONS", "BREW"])
async def test_every_method_comes_to_the_receiver(method: str) -> None:
    """It is the receiver who refuses a method, by the provider's own list."""
    asked = Asked()
    await ask(WebhooksFirst(asked, asked, application([])), "/webhooks/twilio/main", method=method)
    assert asked.parts == {"provider": "twilio", "account": "main"}


async def test_what_is_no_webhook_is_for_the_others() -> None:
    """Other paths and other protocols are another application's."""
    asked = Asked()
    app = WebhooksFirst(asked, asked, application([Route("/other", PlainTextResponse("it"))]))
    [start, body] = await ask(app, "/other")
    assert (start["status"], body["body"]) == (200, b"it")
    [closed] = await ask(app, "/webhooks/twilio/main", type="websocket")
    assert closed["type"] == "websocket.close"
    [start, _] = await ask(app, "/prefix/webhooks/twilio/main", root_path="/prefix")
    assert start["status"] == 404
    assert asked.parts is None
