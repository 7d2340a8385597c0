"""A token endpoint, as Google's and Microsoft's: where accounts with a session get their tokens.

Source: RFC 6749 sections 4.4, 5 and 6; Google, "Using OAuth 2.0 for Web Server Applications";
Microsoft, "OAuth 2.0 authorization code flow" (its errors carry `error_codes`).
"""

from __future__ import annotations

import asyncio
import hmac
from collections import Counter
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.flow import Flow
from sandbox.settings import Section
from sandbox.stand_ins import Definition, StandIn

REFRESH_SECONDS = 180 * 24 * 3600.0
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANTS = ("refresh_token", "client_credentials", JWT_BEARER)


class TokenEndpoint(Section):
    """One client, and the mailbox that its tokens are for."""

    client_id: str
    client_secret: SecretStr
    user: str
    refresh_token: SecretStr | None = None  # the first one; it may be used again, later ones once
    lifetime_seconds: float = Field(default=3600, gt=0)
    rotates: bool = False  # each response has a new refresh token, and a used one is refused
    token_length: int = Field(default=0, ge=0, le=8192)  # at least; Microsoft's have some 2,000


class Behaviour(BaseModel):
    """What a test changes. None leaves as it is; `refuse = ""` refuses no more."""

    model_config = ConfigDict(extra="forbid")

    refuse: str | None = None  # the error of every response from now on
    status: int | None = Field(default=None, ge=200, le=599)  # of that response
    retry_after: int | None = None  # likewise
    lifetime_seconds: float | None = Field(default=None, gt=0)
    delay_seconds: float | None = Field(default=None, ge=0)  # before each response
    void: Literal[True] | None = None  # the access tokens made so far are refused


class TokenServer(StandIn):
    """Gives tokens that the SMTP server knows."""

    def __init__(self, endpoint: TokenEndpoint, flow: Flow) -> None:
        self._endpoint = endpoint
        self._tokens = flow.access_tokens
        self._tokens.use(endpoint.client_secret.get_secret_value().encode())
        self._used: set[str] = set()
        self._behaviour = Behaviour()
        self._granted: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self.routes = [
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/_sandbox/oauth", self._show),
            Route("/_sandbox/oauth", self._change, methods=["POST"]),
        ]

    def reset(self) -> None:
        """Count from nothing, and be as configured."""
        self._behaviour = Behaviour()
        self._granted.clear()
        self._refused.clear()

    async def _token(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        await asyncio.sleep(self._behaviour.delay_seconds or 0)
        error = self._behaviour.refuse or self._error(form)
        if error:
            self._refused[error] += 1
            return self._refusal(error)
        self._granted[form["grant_type"]] += 1
        return JSONResponse(self._grant(form), headers={"Cache-Control": "no-store"})

    def _error(self, form: dict[str, str]) -> str:
        grant, endpoint = form.get("grant_type"), self._endpoint
        if grant not in GRANTS:
            return "unsupported_grant_type"
        if grant == JWT_BEARER:
            return "" if form.get("assertion", "").count(".") == 2 else "invalid_grant"  # noqa: PLR2004
        secret = endpoint.client_secret.get_secret_value()
        is_known = form.get("client_id") == endpoint.client_id
        if not is_known or not hmac.compare_digest(form.get("client_secret", ""), secret):
            return "invalid_client"
        if grant == "refresh_token" and not self._may_refresh(form.get("refresh_token", "")):
            return "invalid_grant"
        return ""

    def _may_refresh(self, token: str) -> bool:
        first = self._endpoint.refresh_token
        if first is not None and hmac.compare_digest(token, first.get_secret_value()):
            return True
        claims = self._tokens.read(token)
        return claims is not None and claims.kind == "refresh" and token not in self._used

    def _grant(self, form: dict[str, str]) -> dict[str, Any]:
        endpoint = self._endpoint
        seconds = self._behaviour.lifetime_seconds or endpoint.lifetime_seconds
        granted = {
            "access_token": self._tokens.make(
                "access", endpoint.user, seconds, endpoint.token_length
            ),
            "expires_in": int(seconds) if seconds >= 1 else seconds,
            "token_type": "Bearer",
            "scope": form.get("scope", "https://mail.google.com/"),
        }
        if endpoint.rotates and form["grant_type"] == "refresh_token":
            self._used.add(form["refresh_token"])
            granted["refresh_token"] = self._tokens.make("refresh", endpoint.user, REFRESH_SECONDS)
        return granted

    def _refusal(self, error: str) -> Response:
        status = self._behaviour.status or (401 if error == "invalid_client" else 400)
        seconds = self._behaviour.retry_after
        headers = {"Retry-After": str(seconds)} if seconds is not None else None
        text = "Token has been expired or revoked."
        return JSONResponse({"error": error, "error_description": text}, status, headers=headers)

    async def _show(self, _request: Request) -> Response:
        return JSONResponse({"granted": dict(self._granted), "refused": dict(self._refused)})

    async def _change(self, request: Request) -> Response:
        try:
            change = Behaviour.model_validate_json(await request.body())
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_input=False)}, status_code=400)
        if change.void:
            self._tokens.void()
        given = change.model_dump(exclude_unset=True, exclude={"void"})
        self._behaviour = self._behaviour.model_copy(update=given)
        return JSONResponse({"changed": sorted(change.model_fields_set)})


DEFINITION = Definition(
    name="oauth", settings=TokenEndpoint, make=TokenServer, throttles={}, channels={}
)
