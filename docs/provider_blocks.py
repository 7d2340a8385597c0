"""The blocks of pages that are made from providers' folders."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import get_args

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.registry import ACCOUNTS
from tables import table

_ROW = re.compile(r"^    ([^#\n]+): ([\w.]+),(?:  # (.+))?$", re.MULTILINE)


def codes(name: str) -> str:
    """Return what a provider's codes mean, by the tables of its `errors` module."""
    return table(("code", "class", "meaning"), list(_rows(f"{name}.errors", FailureClass)))


def statuses(module: str) -> str:
    """Return what a provider's words become; `module` of its folder holds the table."""
    return table(("its word", "Herald's", "note"), list(_rows(module, Status)))


def _rows(module: str, words: type[StrEnum]) -> Iterator[list[str]]:
    """Read the rows of literal tables whose values are such words, with the comments beside."""
    source = inspect.getsource(import_module(f"herald.providers.{module}"))
    for key, value, comment in _ROW.findall(source):
        word = words.__members__.get(value.rpartition(".")[2])
        if word is not None:
            yield [f"`{key.strip(chr(34))}`", f"`{word}`", comment]


def providers() -> str:
    """Return every provider with the channels that an account there may serve."""
    rows = []
    for name, model in ACCOUNTS.items():
        channels = get_args(model.model_fields["channel"].annotation)
        has_webhooks = model.webhook_retry_gap is not None
        rows.append(
            [
                f"[`{name}`](providers/{name}.md)",
                ", ".join(f"`{channel}`" for channel in channels),
                "yes" if has_webhooks else "none",
            ]
        )
    return table(("provider", "channel", "webhooks"), rows)
