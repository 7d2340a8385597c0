"""The blocks of pages about how fast platforms let themselves be called."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import get_args

from herald.providers.budgets import Scope
from herald.providers.http.loading import shipped, shipped_names
from herald.providers.rates import RateProfile, written
from herald.providers.registry import ACCOUNTS, PROFILED, model_of, offered
from tables import table


def rates() -> str:
    """Return every platform's profiles."""
    head = ("provider", "`number_kind`", "account", "each sender", "one recipient")
    return table(head, list(_profile_rows()))


def _profile_rows() -> Iterator[list[str]]:
    for name in offered():
        account = model_of(name)
        channel = get_args(account.model_fields["channel"].annotation)[0]
        default = account.profile_for(None, channel)
        for kind, profile in (account.profiles or {"": default}).items():
            words = f"`{kind}`" if kind else ""
            if kind and profile is default:
                words += " (default)"
            yield [f"[`{name}`](providers/{name}.md)", words, *_numbers(profile)]


def _numbers(profile: RateProfile) -> list[str]:
    pair = profile.pair
    return [
        f"`{written(profile.rate)}`",
        "" if profile.sender_rate is None else f"`{written(profile.sender_rate)}`",
        "" if pair is None else f"`{written(pair.rate)}`, {pair.burst:.0f} at once",
    ]


def scopes() -> str:
    """Return what each provider's codes throttle."""
    folders = [name for name in ACCOUNTS if name != PROFILED]
    rows = [row for name in folders for row in _scope_rows(name)]
    rows += [
        [f"`{name}`", f"`{code}`", scope.value, ""]
        for name in shipped_names()
        for code, scope in shipped(name).errors.scope_of.items()
    ]
    return table(("provider", "code", "throttles", "note"), rows)


def _scope_rows(name: str) -> Iterator[list[str]]:
    """Read the literal table of scopes, with the comment beside each row."""
    module = import_module(f"herald.providers.{name}.errors")
    source = inspect.getsource(module)
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.value, ast.Dict):
            continue
        if ast.unparse(statement.target) == "SCOPES":
            keys = [key.lineno for key in statement.value.keys if key is not None]
            scopes: dict[object, Scope] = module.SCOPES
            for line, (code, scope) in zip(keys, scopes.items(), strict=True):
                note = lines[line - 1].partition("  # ")[2]
                yield [f"`{name}`", f"`{code}`", scope.value, note]
