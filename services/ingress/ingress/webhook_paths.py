"""Webhooks past Starlette: its routing costs as much as reading a status."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class WebhooksFirst:
    """Takes `/webhooks/{provider}/{account}`, and gives everything else to another application.

    Any method, for a webhook's own receiver refuses those a provider never uses. As in Starlette a
    part is whatever holds no slash and is not empty, of the path as the server decoded it.
    """

    def __init__(self, webhooks: ASGIApp, others: ASGIApp) -> None:
        self._webhooks = webhooks
        self._others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope.get("root_path"):
            match scope["path"].split("/"):
                case ["", "webhooks", provider, account] if provider and account:
                    scope["path_params"] = {"provider": provider, "account": account}
                    await self._webhooks(scope, receive, send)
                    return
        await self._others(scope, receive, send)
