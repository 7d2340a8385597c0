"""Which address a request came from: that of a proxy, where it came through one."""

from __future__ import annotations

from contextvars import ContextVar

from starlette.types import ASGIApp, Receive, Scope, Send

PEER: ContextVar[str | None] = ContextVar("peer", default=None)


class NotePeer:
    """Notes the peer of each request for what handles it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        client = scope.get("client")
        PEER.set(client[0] if client else None)
        await self._app(scope, receive, send)
