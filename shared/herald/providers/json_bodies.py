"""The one reader of JSON from outside: strict in grammar, bounded, and clean when it returns.

Verified senders only: it runs after the signature. Of a repeated key the last value counts, for
every reader behind it, since what goes on the bus is written anew.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import msgspec

from herald.contracts.text import storable

MAX_DEPTH = 32
MAX_NODES = 200_000  # Meta: up to 1,000 updates in 3 MB, each of about 40 nodes
_OPENERS = b"{["
_WHITESPACE = " \t\n\r"
_BOM = b"\xef\xbb\xbf"
# an unclosed string ends with the body, so that no text is looked at twice
_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+(?:"|\Z)', re.DOTALL)
_TOO_DEEP = f"over {MAX_DEPTH} levels"
_MAX_DIGITS = 1_000
_DIGITS_AS_ZEROS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * (_MAX_DIGITS + 1)


class NotJsonError(ValueError):
    """The body is not JSON."""


class BeyondLimitsError(ValueError):
    """The body is deeper or larger than any provider's; it may well be JSON."""


def read_json(body: bytes) -> Any:
    """Parse a body. U+0000 and lone surrogates are replaced, numbers nobody can hold are null.

    Raises:
        NotJsonError: it breaks the grammar, by NaN and Infinity also, or is not UTF-8.
        BeyondLimitsError: over `MAX_DEPTH` levels or `MAX_NODES` values.
    """
    body = body.removeprefix(_BOM)
    openers = _checked_openers(body)
    value = _parsed(body)
    if openers > MAX_DEPTH:
        _check_depth(value)
    # only an escape can bring in what is unstorable: raw bytes of it are not JSON or not UTF-8
    return storable(value) if b"\\" in body else value


def _parsed(body: bytes) -> Any:
    """Parse with msgspec, in half the time; it is stricter, so what it refuses is read again."""
    if not _may_hold_long_number(body):
        try:
            return _decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            pass  # a lone surrogate, a number nobody can hold, or nothing to read at all
    return _parsed_leniently(body)


def _may_hold_long_number(body: bytes) -> bool:
    """Whether a whole number may have more digits than are read: msgspec would hold it."""
    return len(body) > _MAX_DIGITS and _LONG_NUMBER in body.translate(_DIGITS_AS_ZEROS)


def _parsed_leniently(body: bytes) -> Any:
    try:
        text = body.decode().strip(_WHITESPACE)
        value, end = _scan(text, 0)
    except (ValueError, StopIteration):  # the latter where a value should begin, and none does
        raise NotJsonError("not JSON") from None
    except RecursionError:
        raise BeyondLimitsError(_TOO_DEEP) from None
    if end != len(text):
        raise NotJsonError("not JSON")
    return value


def _checked_openers(body: bytes) -> int:
    """Count before anything is built. Cheap for ordinary bodies; exact only when that is close."""
    openers = len(body) - len(body.translate(None, _OPENERS))  # in half the time of two counts
    if len(body) >= MAX_NODES and openers + body.count(b",") >= MAX_NODES:
        _check_nodes(body)
    return openers


def _check_nodes(body: bytes) -> None:
    """Count what stands outside strings, as far as the limit: a copy would be many small ones."""
    nodes, at = 1, 0
    for string in _STRING.finditer(body):
        nodes += _nodes_between(body, at, string.start())
        at = string.end()
        if nodes > MAX_NODES:
            break
    if nodes + _nodes_between(body, at, len(body)) > MAX_NODES:
        raise BeyondLimitsError(f"over {MAX_NODES} values")


def _nodes_between(body: bytes, start: int, end: int) -> int:
    return sum(body.count(mark, start, end) for mark in (b"{", b"[", b","))


def _check_depth(value: Any) -> None:
    """Go down level by level: the decoder stops long before memory does."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise BeyondLimitsError(_TOO_DEEP)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _integer(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else None


def _float(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_decoder: Any = json.JSONDecoder(parse_constant=_refuse, parse_int=_integer, parse_float=_float)
_scan = _decoder.scan_once  # what its `raw_decode` calls
_decode = msgspec.json.Decoder().decode
