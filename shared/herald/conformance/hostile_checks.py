"""What a sender with the right key could write, and what must not come of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from herald.bus.receipt_messages import receipt_body
from herald.conformance.checks import Check, Needs
from herald.conformance.trial import Trial, receipts_of
from herald.conformance.verdicts import NotMetError, require
from herald.contracts.receipts import MAX_RECEIPT_BYTES, RECEIPT
from herald.providers.json_bodies import BeyondLimitsError, NotJsonError
from herald.providers.lenient_json import NotUnderstoodError, Reason
from herald.providers.subject_webhooks import FORM, Call, Signing
from herald.providers.webhook_endpoints import Endpoint

_LOOK = "normalise in webhooks.py: read with herald.providers.json_bodies and lenient_json"
_REFUSALS = (NotJsonError, BeyondLimitsError, NotUnderstoodError)
_BODIES = {
    "nothing": b"",
    "a blank": b" ",
    "no JSON": b"{",
    "not UTF-8": b'{"a":"\xff\xfe"}',
    "null": b"null",
    "a number": b"7",
    "a text": b'"x"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of null": b"[null]",
    "NaN": b'[{"a":NaN}]',
    "infinity": b'{"a":Infinity}',
    "a float too large": b'{"a":1e999}',
    "a huge integer": b'{"a":' + b"9" * 50_000 + b"}",
    "deep lists": b"[" * 100_000,
    "deep lists that end": b"[" * 5_000 + b"]" * 5_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a lone surrogate": b'{"a":"\\ud83d"}',
    "U+0000": b'{"\\u0000":"\\u0000"}',
    "a byte order mark": b"\xef\xbb\xbf[]",
    "many fields": b"&".join(b"a%d=1" % n for n in range(5_000)),
    "a form not UTF-8": b"Body=%FF%FE&From=%00&To=%ED%A0%BD",
    "broken escapes": b"a=%&b=%zz&%=&=&&;",
}
_TEXTS = (
    "",
    " ",
    "\u0000",
    "\u0000x",
    "x" * 36_000,
    "\U0001f600" * 300,
    "../../etc",
    "\r\nX: 1",
)
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 10**400, 1e308, 1.5, float("nan"), float("inf"), [], {}, [[]], [{}]),
    *({"a": {"b": {}}}, "\ud83d", "\udc00x", ["x"] * 1_000, *_TEXTS),
)


async def documents(trial: Trial) -> None:
    """Read, set aside or refuse by name any body at all."""
    endpoint = trial.endpoint()
    for label, body in _BODIES.items():
        _survives(trial, endpoint, replace(trial.call(trial.status()), body=body), label)


async def values(trial: Trial) -> None:
    """Read or set aside an event in which any one value is something else."""
    endpoint = trial.endpoint()
    is_form = trial.call(trial.status()).headers.get(b"content-type") == FORM
    replacements = _TEXTS if is_form else _VALUES
    element = trial.status(code=next(iter(trial.webhooks.codes), None))
    for path, changed in mutations(element, replacements):
        try:
            call = trial.call(changed)
        except (TypeError, ValueError, AttributeError, KeyError, IndexError):
            continue  # the provider's form has no room for such a value
        _survives(trial, endpoint, call, path)


def _survives(trial: Trial, endpoint: Endpoint, call: Call, label: str) -> None:
    """Have a right sender say it, and look at what is published of it."""
    signing = trial.webhooks.signing
    if isinstance(signing, Signing):
        call = _signed_if_possible(trial, signing, call)
    try:
        found = endpoint.normalise(trial.request(call))
    except _REFUSALS:
        return
    except Exception as error:
        expected = f"{label} to be read, set aside or refused by name"
        raise NotMetError(expected, f"raises {type(error).__name__}", _LOOK) from error
    if found.reasons()[Reason.UNEXPECTED]:
        raise NotMetError(f"a reason for {label}", "`unexpected`: the reader raised", _LOOK)
    for published, receipt in zip(found.receipts, receipts_of(found), strict=True):
        written = receipt_body(published).decode()
        require("\\u0000" not in written, f"no U+0000 kept of {label}", "U+0000", _LOOK)
        size = len(written.encode())
        require(size <= MAX_RECEIPT_BYTES, f"a bounded receipt of {label}", f"{size} bytes", _LOOK)
        same = RECEIPT.validate_json(written)
        require(same == receipt, f"{label} to survive the bus", same, _LOOK)


def _signed_if_possible(trial: Trial, signing: Signing, call: Call) -> Call:
    try:
        return signing.sign(call, trial.url, signing.keys[0])
    except (ValueError, TypeError, KeyError, AttributeError):
        return call  # a signature that stands in a body can't stand in this one


def mutations(element: Any, replacements: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Give the element with one value after the other replaced, and the path of that value."""
    for path in _paths(element, ()):
        for value in replacements:
            where = ".".join(map(str, path)) or "the event"
            yield f"{where} = {_shown(value)}", _replaced(element, path, value)


def _paths(element: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(element, dict):
        inside = element.items()
    elif isinstance(element, list | tuple):
        inside = enumerate(element)
    for key, value in inside:
        yield from _paths(value, (*path, key))


def _replaced(element: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(element, dict):
        return {**element, key: _replaced(element[key], rest, value)}
    changed = list(element)
    changed[key] = _replaced(element[key], rest, value)
    return type(element)(changed)


def _shown(value: Any) -> str:
    try:
        return json.dumps(value)[:40]
    except ValueError:
        return type(value).__name__


CHECKS = (
    Check("hostile_bodies", "Any body is read, set aside or refused.", Needs.WEBHOOKS, documents),
    Check("hostile_values", "Any value in an event is survived.", Needs.WEBHOOKS, values),
)
