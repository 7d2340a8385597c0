"""Text that PostgreSQL and UTF-8 can hold: no U+0000, no lone surrogates."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_HEADER_BREAKERS = re.compile("[\x00\r\n]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
NOT_STORABLE = "must not contain U+0000 or lone surrogates"  # the reason for a refusal


def is_storable(value: str) -> bool:
    """Return whether a text can be stored."""
    if value.isascii():  # mostly so, and seen at once
        return "\0" not in value
    return _UNSTORABLE.search(value) is None


def _refuse_unstorable(value: str) -> str:
    if not is_storable(value):
        raise ValueError(NOT_STORABLE)
    return value


def _refuse_header_breakers(value: str) -> str:
    if _HEADER_BREAKERS.search(value):
        raise ValueError("must not contain line breaks or U+0000")
    return value


def _refuse_what_no_line_holds(value: str) -> str:
    if value.isascii() and value.isprintable():  # mostly so, and seen at once
        return value
    return _refuse_header_breakers(_refuse_unstorable(value))


def _refuse_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


Text = Annotated[str, AfterValidator(_refuse_unstorable)]
# it follows a length that is held: pydantic would hold one behind it by a call of Python
ONE_LINE = AfterValidator(_refuse_what_no_line_holds)
Line = Annotated[
    str,
    StringConstraints(max_length=998),  # RFC 5322's limit on a header line
    ONE_LINE,
]
_NOT_BLANK = Field(json_schema_extra={"pattern": r"\S"})
FilledText = Annotated[Text, AfterValidator(_refuse_blank), _NOT_BLANK]
FilledLine = Annotated[Line, AfterValidator(_refuse_blank), _NOT_BLANK]


def storable(value: Any) -> Any:
    """Replace what can't be stored, in every string and key of a provider's JSON."""
    if isinstance(value, str):
        return value if is_storable(value) else _UNSTORABLE.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value
