"""The call that a profile describes, for one message. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.contracts.work import Work
from herald.providers.account import Secrets
from herald.providers.forms import form_of
from herald.providers.http.account import HttpAccount
from herald.providers.http.expressions import Expression, as_text
from herald.providers.http.messages import callback_url, message_document
from herald.providers.http.secret_values import first_secret
from herald.providers.http.sending_rules import SendRules
from herald.providers.http_provider import HttpRequest
from herald.providers.rendered import Rendered

MAX_BODY_BYTES = 1024 * 1024
MAX_URL_CHARACTERS = 8_000

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"


def write_request(
    account: HttpAccount,
    name: str,
    secrets: Secrets,
    webhook_url: str,
    work: Work,
    content: Rendered,
) -> HttpRequest | Failure:
    """Write the request for a message, or say why there can be none."""
    rules = account.rules
    if rules.send.needs_sender and work.sender is None:
        return Failure.of(FailureClass.AUTH, "no_sender", "nothing to send from")
    url = callback_url(webhook_url, work, rules.webhooks, secrets)
    document = message_document(
        work, content, account, name=name, webhook_url=webhook_url, callback_url=url
    )
    writing = _Writing(rules.send, account, secrets, document)
    try:
        request = writing.request()
    except _MissingError as error:
        why = f"the profile's {error} gives nothing"
        return Failure.of(FailureClass.PERMANENT, "no_value", why)
    if len(request.body) > MAX_BODY_BYTES or len(request.url) > MAX_URL_CHARACTERS:
        return Failure.of(FailureClass.PERMANENT, "too_long", "the request is too long")
    return request


class _MissingError(Exception):
    """A value that a URL or a header needs is not there."""


@dataclass(frozen=True)
class _Writing:
    send: SendRules
    account: HttpAccount
    secrets: Secrets
    document: Mapping[str, Any]

    def request(self) -> HttpRequest:
        body, kind = self._body()
        headers = {"Accept": _JSON, **({"Content-Type": kind} if kind else {})}
        for header, text in self.send.headers.items():
            headers[header] = _one_line(text.filled(self._filling(text.names)))
        return HttpRequest(
            method=self.send.method,
            url=self._url(),
            headers={**headers, **self._authorization()},
            body=body,
        )

    @cached_property
    def _secret(self) -> str:
        name = self.send.auth.secret
        return (first_secret(self.secrets, name) if name is not None else None) or ""

    def _filling(self, names: tuple[str, ...]) -> dict[str, str]:
        values = dict(self.account.values)
        if self.send.auth.scheme == "url":
            values["secret"] = self._secret
        for name in names:
            if name in self.send.values:
                found = as_text(self.send.values[name].find(self.document))
                if found is None:
                    raise _MissingError(name)
                values[name] = found
        return values

    def _url(self) -> str:
        options = self.account.rules.options
        url = self.send.url.filled_url(
            self._filling(self.send.url.names),
            lambda name: name in options and options[name].kind == "url",
        )
        fields = self._fields(self.send.query)
        if self.send.auth.scheme == "query":
            fields.append((str(self.send.auth.name), self._secret))
        if not fields:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(fields, quote_via=quote)}"

    def _body(self) -> tuple[bytes, str | None]:
        if self.send.body is not None:
            found = _built(self.send.body, self.document)
            return json.dumps(found, ensure_ascii=False, allow_nan=False).encode(), _JSON
        if self.send.form is not None:
            return form_of(self._fields(self.send.form)), _FORM
        return b"", None

    def _fields(self, paths: Mapping[str, Expression]) -> list[tuple[str, str]]:
        """Return the fields of a form or a query; a list gives one field for each of its values."""
        fields: list[tuple[str, str]] = []
        for name, path in paths.items():
            found = path.find(self.document)
            several = found if isinstance(found, list) else [found]
            fields += [(name, text) for value in several if (text := _field(value)) is not None]
        return fields

    def _authorization(self) -> dict[str, str]:
        auth = self.send.auth
        if auth.scheme == "basic" and auth.username is not None:
            pair = f"{auth.username.filled(self.account.values)}:{self._secret}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        if auth.scheme == "bearer":
            return {"Authorization": f"Bearer {_one_line(self._secret)}"}
        if auth.scheme == "header":
            return {str(auth.name): _one_line(auth.prefix + self._secret)}
        return {}


def _built(structure: Any, document: Mapping[str, Any]) -> Any:
    """Fill a body; what its paths find nothing for is left out, and so is a part left empty."""
    if isinstance(structure, Expression):
        return structure.find(document)
    if isinstance(structure, dict):
        found = {key: _built(value, document) for key, value in structure.items()}
        return {key: value for key, value in found.items() if not _is_nothing(value)}
    if isinstance(structure, list):
        return [built for value in structure if not _is_nothing(built := _built(value, document))]
    return structure


def _is_nothing(value: Any) -> bool:
    return value is None or value in ({}, [])


def _field(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return as_text(value)


def _one_line(text: str) -> str:
    """Keep a header's value to one line of what a header may hold."""
    return "".join(char for char in text if char.isprintable() and ord(char) < 256)  # noqa: PLR2004
