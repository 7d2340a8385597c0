"""The blocks of pages that are made from providers' folders."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from typing import get_args

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.registry import ACCOUNTS, PROFILED, model_of, offered, webhooks_module
from herald.providers.webhook_endpoints import EndpointRules
from tables import table


def codes(name: str) -> str:
    """Return what a provider's codes mean, by the tables of its `errors` or of a named module."""
    module = name if "." in name else f"{name}.errors"
    return table(("code", "class", "meaning"), list(_rows(module, FailureClass)))


def statuses(module: str) -> str:
    """Return what a provider's words become; `module` of its folder holds the table."""
    return table(("its word", "Herald's", "note"), list(_rows(module, Status)))


def _rows(module: str, words: type[StrEnum]) -> Iterator[list[str]]:
    """Read the literal tables whose values are such words, with the comment beside each row."""
    loaded = import_module(f"herald.providers.{module}")
    source = inspect.getsource(loaded)
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            written = [key.lineno for key in statement.value.keys if key is not None]
            rows = getattr(loaded, ast.unparse(statement.target)).items()
            for line, (key, word) in zip(written, rows, strict=True):
                if isinstance(word, words):
                    parts = key if isinstance(key, tuple) else (key,)
                    comment = lines[line - 1].partition("  # ")[2]
                    yield [", ".join(f"`{part}`" for part in parts), f"`{word}`", comment]


def providers() -> str:
    """Return every provider with the channels that an account there may serve, and its webhooks."""
    head = ("provider", "channel", "its webhooks", "at most", "after a 503")
    return table(head, [_provider(name) for name in offered()])


def _provider(name: str) -> list[str]:
    model = model_of(name)
    channels = get_args(model.model_fields["channel"].annotation)
    row = [f"[`{name}`](providers/{name}.md)", ", ".join(f"`{channel}`" for channel in channels)]
    if model.webhook_retry_gap is None:
        return [*row, "none", "", ""]
    module = webhooks_module(name if name in ACCOUNTS else PROFILED)
    assert module is not None, "it calls us"
    is_profile = name not in ACCOUNTS
    decoy = module.make_decoys(())[name] if is_profile else module.make_decoy()
    rules: EndpointRules = decoy.rules
    retries = "tries again" if rules.retries_on_5xx else "does not: needs the spool"
    return [*row, ", ".join(rules.methods), f"{rules.max_body_bytes // 1024:,} KiB", retries]
