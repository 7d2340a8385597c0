"""The literal tables of a provider: its words, its codes, and what they become."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType

from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.registry import package_of
from herald.providers.subject import Subject, Table

NOT_OF_THE_PROVIDER = frozenset({"__init__", "conformance", "example"})


@dataclass(frozen=True, slots=True)
class Row:
    """One word or code, and the note beside it."""

    table: str
    key: tuple[str, ...]
    becomes: Status | FailureClass
    note: str = ""


def rows(subject: Subject) -> Iterator[Row]:
    """Read every table of a subject: those of its profile, or of its provider's modules."""
    if subject.tables is not None:
        for table in subject.tables():
            yield from _given(table)
        return
    for module in modules(subject.provider):
        yield from rows_of(module)


def files(provider: str) -> list[Path]:
    """Return the source files of a provider's folder."""
    folder = import_module(package_of(provider)).__path__[0]
    return sorted(Path(folder).glob("*.py"))


def modules(provider: str) -> Iterator[ModuleType]:
    """Import the modules of a provider's folder that know something of it."""
    for path in files(provider):
        if path.stem not in NOT_OF_THE_PROVIDER:
            yield import_module(f"{package_of(provider)}.{path.stem}")


def rows_of(module: ModuleType) -> Iterator[Row]:
    """Read the literal tables of a module, with the comment beside each row."""
    source = inspect.getsource(module)
    lines = source.splitlines()
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.value, ast.Dict):
            continue
        name = ast.unparse(statement.target)
        written = [key.lineno for key in statement.value.keys if key is not None]
        for line, (key, word) in zip(written, getattr(module, name).items(), strict=False):
            if isinstance(word, Status | FailureClass):
                parts = key if isinstance(key, tuple) else (key,)
                note = lines[line - 1].partition("  # ")[2]
                yield Row(name, tuple(map(str, parts)), word, note)


def _given(table: Table) -> Iterator[Row]:
    for key, word in table.rows.items():
        yield Row(table.title, (key,), word)
