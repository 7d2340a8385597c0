"""What is wrong with a profile that is well formed: names that nothing has. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from herald.contracts.content import ChannelContent
from herald.contracts.vocabulary import FailureClass
from herald.providers.http.expressions import Expression
from herald.providers.http.placeholders import Placed, circle
from herald.providers.http.profile import Profile
from herald.providers.http.sending_rules import Auth
from herald.providers.http.webhook_rules import BasicLogin, Hmac, Signature

KeyPath = tuple[str | int, ...]
Problem = tuple[KeyPath, str]

# what paths read of a message
MESSAGE = frozenset(
    {"to", "recipient_name", "sender", "text", "subject", "html", "media", "caption", "template"}
    | {"buttons", "link", "location"}
    | {"attempt", "attempt_id", "message_id", "tenant", "channel", "lane", "category"}
    | {"callback_url", "webhook_url", "encoding", "segments", "in_reply_to", "options"}
)
RESPONSE = frozenset({"status", "body", "headers"})
REQUEST = frozenset({"body", "query", "headers"})
EVENT = REQUEST | {"event"}
SIGNED = re.compile(r"body|url|path|method|timestamp|header:[a-z0-9-]+|text:.*", re.DOTALL)


def problems(profile: Profile) -> Iterator[Problem]:
    """Give every problem with the path of the key at fault."""
    yield from _option_problems(profile)
    yield from _medium_problems(profile)
    yield from _send_problems(profile)
    yield from _unknown(("response",), profile.response, RESPONSE)
    yield from _scope_problems(profile)
    if profile.webhooks is not None:
        yield from _webhook_problems(profile)
    elif profile.receipts != "none":
        yield ("receipts",), "nothing reports them: there is no [webhooks.status]"


def _option_problems(profile: Profile) -> Iterator[Problem]:
    defaults: dict[str, Placed] = {}
    for name, option in profile.options.items():
        at: KeyPath = ("options", name)
        if name in _TAKEN:
            yield at, "the name of a setting that every account has"
        if option.pattern is not None:
            try:
                re.compile(option.pattern)
            except re.error as error:
                yield (*at, "pattern"), f"not a regular expression: {error}"
        if option.default is not None:
            defaults[name] = option.default
            known = profile.options.keys() - {name}
            for missing in set(option.default.names) - known - {name}:
                yield (*at, "default"), _no_such("option", missing, known)
    for name in circle(defaults):
        yield ("options", name, "default"), "needs itself, by way of other options"
    for name, secret in profile.secrets.items():
        if secret.several and secret.optional:
            yield ("secrets", name, "optional"), "a list has one secret at least"


_TAKEN = frozenset(
    {"provider", "profile", "channel", "tenants", "number_kind", "rate", "price", "burst"}
    | {"sender_rate", "pair_rate", "pair_burst", "egress_rate", "egress_share", "timeout"}
    | {"secrets_file", "allow_cleartext", "egress", "foreign", "receipts", "session", "values"}
    | {"server", "folder", "medium", "service_window", "allowances", "rules", "holds", "answers"}
)


def _medium_problems(profile: Profile) -> Iterator[Problem]:
    if profile.medium is None:
        return
    for part in ("says", "needs"):
        for missing in set(getattr(profile.medium, part)) - ChannelContent.model_fields.keys():
            known = sorted(ChannelContent.model_fields)
            yield ("medium", part), _no_such("part of a content", missing, known)


def _send_problems(profile: Profile) -> Iterator[Problem]:
    send = profile.send
    values = send.values
    for name in values.keys() & profile.options.keys():
        yield ("send", "values", name), "an option has this name"
    yield from _unknown(("send",), send, MESSAGE, but=("values",))
    yield from _unknown(("send", "values"), values, MESSAGE)
    known = profile.options.keys() | values.keys()
    in_url = known | ({"secret"} if send.auth.scheme == "url" else set())
    for missing in set(send.url.names) - in_url:
        yield ("send", "url"), _no_such("option or value", missing, in_url)
    yield from _base_problems(profile)
    for header, text in send.headers.items():
        for missing in set(text.names) - known:
            yield ("send", "headers", header), _no_such("option or value", missing, known)
    if send.body is not None and send.form is not None:
        yield ("send", "form"), "there is a body as JSON already"
    if send.method == "GET" and (send.body is not None or send.form is not None):
        yield ("send", "method"), "a GET has no body: use [send.query]"
    yield from _auth_problems(profile, send.auth)


def _base_problems(profile: Profile) -> Iterator[Problem]:
    """Hold what a call connects to to an encrypted server, or to an option that is."""
    url = profile.send.url
    begins = re.match(r"\{([a-z0-9_]+)\}(?=/|$)", url.source)
    option = profile.options.get(begins[1]) if begins else None
    if option is None and not re.match(r"https://[^/{}?#@]+(/|$)", url.source):
        yield (
            ("send", "url"),
            "must begin with https:// and a host, or an option of kind `url`",
        )
    elif option is not None and option.kind != "url":
        yield ("send", "url"), f"{begins[1]!r} is no option of kind `url`"  # type: ignore[index]
    for name, one in profile.options.items():
        if one.kind == "url" and one.default and not one.default.source.startswith("https://"):
            yield ("options", name, "default"), "must begin with https://"


def _auth_problems(profile: Profile, auth: Auth) -> Iterator[Problem]:
    at: KeyPath = ("send", "auth")
    if auth.scheme == "none":
        return
    yield from _secret_problems(profile, (*at, "secret"), auth.secret)
    if auth.scheme == "basic" and auth.username is None:
        yield (*at, "username"), "basic needs one"
    if auth.username is not None:
        for missing in set(auth.username.names) - profile.options.keys():
            yield (*at, "username"), _no_such("option", missing, profile.options)
    if auth.scheme in {"header", "query"} and auth.name is None:
        yield (*at, "name"), f"{auth.scheme} needs one"
    if auth.scheme == "url" and "secret" not in profile.send.url.names:
        yield ("send", "url"), "has no {secret}"


def _scope_problems(profile: Profile) -> Iterator[Problem]:
    errors = profile.errors
    for code, scope in errors.scope_of.items():
        if FailureClass.RATE_LIMITED not in {errors.by_code.get(code), errors.by_http.get(code)}:
            yield ("errors", "scopes", scope.value), f"{code} is not rate_limited"
    for status in errors.by_http:
        if not re.fullmatch(r"[1-5]\d\d", status):
            yield ("errors", "http"), f"{status!r} is no HTTP status"


def _webhook_problems(profile: Profile) -> Iterator[Problem]:
    webhooks = profile.webhooks
    assert webhooks is not None
    at: KeyPath = ("webhooks",)
    yield from _unknown(at, {"items": webhooks.items}, REQUEST)
    yield from _unknown((*at, "values"), webhooks.values, EVENT)
    for name in webhooks.values.keys() & EVENT:
        yield (*at, "values", name), "every element has this name"
    known = EVENT | webhooks.values.keys()
    yield from _unknown(at, {"ignore": webhooks.ignore}, known)
    for part in ("status", "inbound"):
        if (rules := getattr(webhooks, part)) is not None:
            yield from _unknown((*at, part), rules, known)
    if webhooks.status is None and webhooks.inbound is None:
        yield at, "neither [webhooks.status] nor [webhooks.inbound]"
    if webhooks.status is None and profile.receipts != "none":
        yield ("receipts",), "nothing reports them: there is no [webhooks.status]"
    if webhooks.time_form != "any" and "%" not in webhooks.time_form:
        yield (*at, "time_form"), "`any`, or a form like %Y-%m-%d %H:%M:%S"
    yield from _signature_problems(profile, webhooks.signature)


def _signature_problems(profile: Profile, signature: Signature) -> Iterator[Problem]:
    at: KeyPath = ("webhooks", "signature")
    yield from _secret_problems(profile, (*at, "secret"), signature.secret)
    secret = profile.secrets.get(signature.secret)
    if secret is not None and secret.optional:
        yield (*at, "secret"), f"secrets.{signature.secret} is optional: webhooks need it"
    if isinstance(signature, BasicLogin):
        yield from _secret_problems(profile, (*at, "username"), signature.username)
    if isinstance(signature, Hmac):
        for index, part in enumerate(signature.signs):
            if not SIGNED.fullmatch(part):
                yield (*at, "signs", index), f"nothing is called {part!r}"
        has_time = signature.timestamp_header or signature.timestamp_field
        if (signature.tolerance or "timestamp" in signature.signs) and not has_time:
            yield (*at, "timestamp_header"), "a time is signed, and nothing says where it is"
        if not {"body", "url"} & set(signature.signs):
            yield (*at, "signs"), "covers neither body nor url"


def _secret_problems(profile: Profile, at: KeyPath, name: str | None) -> Iterator[Problem]:
    if name is None:
        yield at, "which of [secrets]?"
    elif name not in profile.secrets:
        yield at, _no_such("secret", name, profile.secrets)


def _unknown(
    at: KeyPath, part: Any, known: Iterable[str], but: tuple[str, ...] = ()
) -> Iterator[Problem]:
    """Name what paths in a part read that its documents don't have."""
    for path, expression in _expressions(part, at):
        if path[len(at) : len(at) + 1] == but and but:
            continue
        for missing in sorted(expression.names - set(known)):
            yield path, _no_such("name", missing, known)


def _expressions(part: Any, at: KeyPath) -> Iterator[tuple[KeyPath, Expression]]:
    if isinstance(part, Expression):
        yield at, part
    elif isinstance(part, BaseModel):
        for name, field in type(part).model_fields.items():
            yield from _expressions(getattr(part, name), (*at, field.alias or name))
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from _expressions(value, (*at, key))
    elif isinstance(part, list | tuple):
        for index, value in enumerate(part):
            yield from _expressions(value, (*at, index))


def _no_such(kind: str, name: str, known: Iterable[str]) -> str:
    return f"no {kind} {name!r}; known: {', '.join(sorted(known)) or 'none'}"
