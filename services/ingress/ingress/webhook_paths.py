"""Webhooks past Starlette: its routing costs as much as reading a status."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from herald.service.http_limits.whole_requests import Answer, TakesWhole, WholeRequest


class WebhooksFirst:
    """Takes `/webhooks/{provider}/{account}`, and gives everything else to another application.

    Any method, for a webhook's own receiver refuses those a provider never uses.
    """

    def __init__(self, webhooks: ASGIApp, whole: TakesWhole, others: ASGIApp) -> None:
        self._webhooks = webhooks
        self._whole = whole
        self._others = others

    def take(self, request: WholeRequest, answer: Answer) -> bool:
        """Have a webhook taken that came whole."""
        return self._whole.take(request, answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            parts = parts_of(scope["path"])
            if parts is not None:
                scope["path_params"] = {"provider": parts[0], "account": parts[1]}
                await self._webhooks(scope, receive, send)
                return
        await self._others(scope, receive, send)


def parts_of(path: str) -> tuple[str, str] | None:
    """Return provider and account of a webhook's path, as it is decoded; None: it is no webhook's.

    As in Starlette a part is whatever holds no slash and is not empty.
    """
    match path.split("/"):
        case ["", "webhooks", provider, account] if provider and account:
            return provider, account
    return None
