"""The parts of pages that are made from the code, by the name in their `<!-- block -->` mark.

A page holds `<!-- block: fields SendMessage -->` and `<!-- end -->`; what stands between the two
is what the function `fields` returns for `SendMessage`.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from alert_block import alerts
from conformance_blocks import checks, conformance, dictionary, status_words
from documented_models import MODELS
from event_examples import EXAMPLES
from herald.contracts import vocabulary
from herald.contracts.content.mediums import MEDIUMS
from herald.contracts.durations import format_duration
from herald.contracts.reasons import SENTENCES
from herald.contracts.vocabulary import Status
from log_events import log_lines
from media_blocks import fetch_failures, file_rules
from metric_blocks import labels, metrics
from profile_blocks import PROFILE_BLOCKS
from provider_blocks import codes, providers, statuses
from rate_blocks import rates, scopes
from rights_block import broker_rights
from router.core.states import (
    ACTIONS,
    DEFAULT_FALLBACK_ON,
    ENDED,
    FLAGS,
    OPEN,
    RANKS,
    REACHES,
    WITHDRAWABLE,
)
from tables import table

_MARK = re.compile(r"(<!-- block: (\w+)(?: (\S+))? -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(page: str) -> str:
    """Return a page with every block as the code would write it."""

    def block(match: re.Match[str]) -> str:
        start, name, argument, end = match.groups()
        text = BLOCKS[name](argument) if argument else BLOCKS[name]()
        return f"{start}\n{text.strip()}\n\n{end}"

    return _MARK.sub(block, page)


def fields(name: str) -> str:
    """Return a model's fields as a table."""
    rows = [_field_row(key, field) for key, field in MODELS[name].model_fields.items()]
    bases = [base for base in reversed(MODELS[name].__mro__) if issubclass(base, BaseModel)]
    comments = {
        key: text for base in bases[1:] for key, text in _comments(inspect.getsource(base)).items()
    }
    for row in rows:
        row[-1] = row[-1] or _meaning(comments, row[0].strip("`"), of=name)
    return table(("field", "default", "meaning"), rows)


def _field_row(key: str, field: Any) -> list[str]:
    name = field.serialization_alias or key
    if field.is_required():
        default = "required"
    elif field.default_factory is not None or field.default in {None, (), PydanticUndefined}:
        default = ""
    else:
        default = f"`{_plain(key, field.default)}`"
    return [f"`{name}`", default, field.description or ""]


def _plain(key: str, value: Any) -> str:
    """Write a default as a user would."""
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, tuple):
        return json.dumps(value)
    return f"{value:g}/s" if key == "rate" else str(value)


def _comments(source: str) -> dict[str, str]:
    """Read what the comments beside a class's lines say of its names."""
    found = re.findall(r"^    (\w+)(?:: [^#\n]*| = [^#\n]*)  # (.+)$", source, re.MULTILINE)
    return {name: text[0].upper() + text[1:] for name, text in found}


def words(name: str) -> str:
    """Return the words of an enumeration of the vocabulary as a table."""
    enumeration: type[StrEnum] = getattr(vocabulary, name)
    comments = _comments(inspect.getsource(enumeration))
    rows = [[f"`{word}`", _meaning(comments, word.name, of=name)] for word in enumeration]
    return table(("word", "meaning"), rows)


def _meaning(comments: Mapping[str, str], name: str, *, of: str) -> str:
    """Return what is said of a name; a reader must not meet an empty cell."""
    if name not in comments:
        raise ValueError(f"{of}.{name}: no comment says what it means")
    return comments[name]


def ranks() -> str:
    """Return the attempt's statuses by rank, with what each proves."""
    comments = _comments(inspect.getsource(Status))
    rows = [
        [
            str(rank),
            f"`{status}`",
            comments[status.name].partition("; ")[0],
            f"`{REACHES[status]}`" if status in REACHES else "",
            _goes_on(status),
        ]
        for status, rank in sorted(RANKS.items(), key=lambda item: item[1])
    ]
    rows += [
        ["", f"`{flag}`", comments[flag.name].partition(";")[0], "unchanged", "keeps its rank"]
        for flag in sorted(FLAGS)
    ]
    head = ("rank", "status of an attempt", "meaning", "the message is then", "the attempt")
    return table(head, rows)


def _goes_on(status: Status) -> str:
    """Return what may become of an attempt that stands at `status`."""
    if status in WITHDRAWABLE:
        return "can be withdrawn"
    if status in ENDED:
        return "is over without success"
    return "can still succeed" if status in OPEN else ""


def failures() -> str:
    """Return what each class of failure leads to."""
    comments = _comments(inspect.getsource(vocabulary.FailureClass))
    rows = [
        [
            f"`{failure}`",
            comments[failure.name].partition(":")[0],
            action.value,
            "yes" if failure in DEFAULT_FALLBACK_ON else "no",
        ]
        for failure, action in ACTIONS.items()
    ]
    return table(("class", "meaning", "what follows", "in `fallback_on` by default"), rows)


def mediums() -> str:
    """Return what each medium can say."""
    rows = [
        [
            f"`{channel}`",
            ", ".join(f"`{part}`" for part in medium.says),
            ", ".join(f"`{part}`" for part in medium.needs),
            f"{medium.longest_text:,} characters" if medium.longest_text else "",
            str(medium.most_media or ""),
            f"{medium.captions.longest:,} characters" if medium.captions else "",
        ]
        for channel, medium in MEDIUMS.items()
    ]
    return table(("channel", "one of", "and", "text", "files", "text and caption of a file"), rows)


def reasons() -> str:
    """Return every code that a command is refused with."""
    rows = [[f"`{code}`", sentence.capitalize()] for code, sentence in SENTENCES.items()]
    return table(("code", "meaning"), rows)


def example(name: str) -> str:
    """Return an event as it is on the bus."""
    return f"```json\n{EXAMPLES[name].model_dump_json(indent=2)}\n```"


BLOCKS: Mapping[str, Callable[..., str]] = {
    **PROFILE_BLOCKS,
    "rights": broker_rights,
    "codes": codes,
    "statuses": statuses,
    "checks": checks,
    "conformance": conformance,
    "status_words": status_words,
    "dictionary": dictionary,
    "providers": providers,
    "rates": rates,
    "scopes": scopes,
    "fetch_failures": fetch_failures,
    "file_rules": file_rules,
    "fields": fields,
    "words": words,
    "ranks": ranks,
    "failures": failures,
    "mediums": mediums,
    "metrics": metrics,
    "alerts": alerts,
    "labels": labels,
    "logs": log_lines,
    "reasons": reasons,
    "example": example,
}
