"""What a template's variables may be, and reading what a command gives for them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from herald.contracts.content.base import HttpsUrl
from herald.contracts.text import Text

VariableName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
VariableType = Literal["line", "text", "lines", "integer", "number", "date", "url"]
Value = str | int | Decimal | list[str]

_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?")
_NAMED = 10
MOST_LINES = 100


class ValueProblemError(ValueError):
    """A value that a variable can't have; the text says why."""


class _Holder(BaseModel):
    url: HttpsUrl


def _line(given: str) -> str:
    if len(given.splitlines()) > 1 or given.endswith(("\r", "\n")):
        raise ValueProblemError("must be one line")
    return given


def _lines(given: str) -> list[str]:
    lines = [line for line in given.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise ValueProblemError(f"more than {MOST_LINES} lines")
    return lines


def _integer(given: str) -> int:
    if not _INTEGER.fullmatch(given):
        raise ValueProblemError("must be a whole number")
    return int(given)


def _number(given: str) -> Decimal:
    if not _NUMBER.fullmatch(given):
        raise ValueProblemError("must be a number, like 12.50")
    return Decimal(given)


def _date(given: str) -> str:
    try:
        date.fromisoformat(given)
    except ValueError:
        raise ValueProblemError("must be a date, like 2026-03-01") from None
    return given


def _url(given: str) -> str:
    try:
        _Holder.model_validate({"url": given})
    except ValueError:
        raise ValueProblemError("must be an https URL without credentials") from None
    return given


_READ: Mapping[VariableType, Callable[[str], Value]] = {
    "line": _line,
    "text": str,
    "lines": _lines,
    "integer": _integer,
    "number": _number,
    "date": _date,
    "url": _url,
}
# a value of each type, by which texts are tried when the configuration is read
SAMPLES: Mapping[VariableType, Value] = {
    "line": "x",
    "text": "x",
    "lines": ["x", "x"],
    "integer": 1,
    "number": Decimal("1.5"),
    "date": "2026-01-01",
    "url": "https://example.com/x",
}


class Variable(BaseModel):
    """A variable of a template: `[templates.<name>.variables]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: VariableType = "line"  # what a value must be; a line has no line breaks, a text may
    required: bool = True  # without a default: whether a command must give it; else it is empty
    default: Text | None = None  # what it is where a command gives none
    longest: int = Field(default=1000, ge=1, le=10_000)  # characters of a value

    @model_validator(mode="after")
    def _default_fits(self) -> Variable:
        if self.default is not None:
            try:
                self.read(self.default)
            except ValueProblemError as error:
                raise ValueError(f"default: {error}") from None
        return self

    def read(self, given: str) -> Value:
        """Read what a command gives.

        Raises:
            ValueProblemError: it is none of this variable's.
        """
        if len(given) > self.longest:
            raise ValueProblemError(f"longer than {self.longest:,} characters")
        return _READ[self.type](given)

    def absent(self) -> Value:
        """Return what it is where a command does not give it.

        Raises:
            ValueProblemError: a command must.
        """
        if self.default is not None:
            return self.read(self.default)
        if self.required:
            raise ValueProblemError("missing")
        return ""


def read_values(
    variables: Mapping[str, Variable], given: Mapping[str, str]
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the value of each variable, and what is wrong with which."""
    values: dict[str, Any] = {}
    problems = [
        (name, f"no such variable; known: {_some(variables)}")
        for name in given
        if name not in variables
    ]
    for name, variable in variables.items():
        try:
            values[name] = variable.read(given[name]) if name in given else variable.absent()
        except ValueProblemError as error:
            problems.append((name, str(error)))
    return values, problems


def _some(variables: Mapping[str, Variable]) -> str:
    names = sorted(variables)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return (", ".join(names[:_NAMED]) or "none") + more
