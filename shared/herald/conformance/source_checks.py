"""What a provider's files keep to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from herald.conformance.checks import Check, Needs
from herald.conformance.finding import subjects
from herald.conformance.tables import files, modules, rows
from herald.conformance.trial import Trial
from herald.conformance.verdicts import require
from herald.contracts.vocabulary import FailureClass, Status
from herald.providers.registry import ACCOUNTS, package_of
from herald.providers.subject_sending import Without

LONGEST_FILE = 250
PURE = frozenset({"account", "errors", "webhooks"})
_INPUT_OUTPUT = frozenset(
    {
        *("aio_pika", "aiohttp", "aiormq", "aiosmtplib", "asyncio", "asyncpg", "http", "httpx"),
        *("logging", "requests", "socket", "ssl", "starlette", "structlog", "subprocess"),
        *("urllib.request", "urllib3", "uvicorn"),
    }
)
# the router's and the channel's own: no provider reports them
_NOT_REPORTED = frozenset(
    {Status.CREATED, Status.DISPATCHED, Status.STARTED, Status.WITHDRAWN, Status.RETURNED}
)


async def sizes(trial: Trial) -> None:
    """Keep each file short enough to be read at once."""
    for path in files(trial.subject.provider):
        lines = len(path.read_text().splitlines())
        require(lines <= LONGEST_FILE, f"{LONGEST_FILE} lines at most", f"{lines}", str(path))


async def pure(trial: Trial) -> None:
    """Keep tables and webhooks free of input and output."""
    for path in files(trial.subject.provider):
        if path.stem in PURE:
            seen = sorted(name for name in _imported(path) if _is_input_output(name))
            require(not seen, "no input or output", seen, str(path))


async def apart(trial: Trial) -> None:
    """Know no other provider's folder."""
    own = package_of(trial.subject.provider)
    others = [package for name in ACCOUNTS if (package := package_of(name)) != own]
    for path in files(trial.subject.provider):
        seen = [name for name in _imported(path) if _is_in(name, others)]
        require(not seen, "no other provider's folder", seen, str(path))


async def tables(trial: Trial) -> None:
    """Hold in tables only what a provider may report."""
    found = list(rows(trial.subject))
    look = "the tables of errors.py and webhooks.py"
    classes = [row for row in found if isinstance(row.becomes, FailureClass)]
    require(bool(classes), "a literal table of error codes", "none", look)
    for row in found:
        is_so = row.becomes not in _NOT_REPORTED
        require(is_so, "a status that a provider may report", row.becomes, f"{row.table} {row.key}")


async def tables_tried(trial: Trial) -> None:
    """Try every word of the tables: what a table says is expected by the subject, too."""
    tried = set(trial.webhooks.words)
    for other in _of_same_provider(trial):
        tried |= other
    missing = [
        row.key
        for row in rows(trial.subject)
        if isinstance(row.becomes, Status) and len(row.key) == 1 and row.key[0] not in tried
    ]
    look = "`words` of the subject"
    require(not missing, "every word of the tables in `words`", missing, look)
    own = [value for module in modules(trial.subject.provider) for value in vars(module).values()]
    is_own = any(value is trial.webhooks.words for value in own)
    require(not is_own, "words written out: what you expect", "the provider's own table", look)


def _of_same_provider(trial: Trial) -> Iterator[set[str]]:
    for subject in subjects([trial.subject.provider]):
        if not isinstance(subject.webhooks, Without):
            yield set(subject.webhooks.words)


def _imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(), str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def _is_input_output(name: str) -> bool:
    return name in _INPUT_OUTPUT or name.partition(".")[0] in _INPUT_OUTPUT


def _is_in(name: str, packages: list[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


ACCOUNT = Needs.ACCOUNT
CHECKS = (
    Check("source_sizes", f"No file is over {LONGEST_FILE} lines.", ACCOUNT, sizes),
    Check("source_pure", "Tables and webhooks do no input or output.", ACCOUNT, pure),
    Check("source_apart", "It knows no other provider.", ACCOUNT, apart),
    Check("tables_known", "Its tables hold what a provider may report.", ACCOUNT, tables),
    Check("tables_tried", "Every word of its tables is tried.", Needs.WEBHOOKS, tables_tried),
)
