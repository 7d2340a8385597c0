"""Which fields of a command are at fault, in its producer's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from herald.contracts.commands import CancelMessage, Recipient, Route, SendMessage, Step
from herald.contracts.content import (
    ChannelContent,
    Content,
    Media,
    Template,
    TemplateButton,
    TemplateHeader,
)
from herald.contracts.content.rich import (
    Button,
    ChoiceList,
    Contact,
    ContactNumber,
    LinkButton,
    ListRow,
    ListSection,
    Location,
)
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter, ResendMessage
from herald.contracts.redaction import redact_text

# branches that pydantic names in a location and no producer wrote
_UNION_TAGS = {("route", "name"), ("route", "inline")}


_UNKNOWN = "extra_forbidden"  # pydantic's word for a field that no model has
_MODELS: tuple[type[BaseModel], ...] = (
    SendMessage,
    CancelMessage,
    ResendMessage,
    ReplayDeadLetter,
    DropDeadLetter,
    Recipient,
    Route,
    Step,
    Content,
    ChannelContent,
    Media,
    Template,
    TemplateHeader,
    TemplateButton,
    Button,
    LinkButton,
    ChoiceList,
    ListSection,
    ListRow,
    Location,
    Contact,
    ContactNumber,
)
_FIELDS = sorted({name for model in _MODELS for name in model.model_fields})


def validation_errors_of(error: ValidationError) -> list[tuple[str, str]]:
    """Return each field at fault (dotted; empty for the whole) and the reason, without values.

    An address in place of a name is masked, for others read it, too. Unknown fields come first: a
    misspelt one is why another is missing.
    """
    items = error.errors(include_url=False, include_input=False, include_context=False)
    items.sort(key=lambda item: item["type"] != _UNKNOWN)
    return [(".".join(_path(item["loc"])), _reason(item)) for item in items]


def _reason(item: Mapping[str, Any]) -> str:
    if item["type"] != _UNKNOWN:
        return str(item["msg"]).removeprefix("Value error, ")
    refused = str(item["loc"][-1])
    meant = get_close_matches(refused, _FIELDS, n=1, cutoff=0.6)
    if not meant or meant[0] == refused:  # a field, though not here
        return "no such field"
    return f"no such field; did you mean {meant[0]}?"


def _path(location: tuple[Any, ...]) -> Iterator[str]:
    before: Any = None
    for part in location:
        if (before, part) not in _UNION_TAGS:
            yield redact_text(str(part))
        before = part
