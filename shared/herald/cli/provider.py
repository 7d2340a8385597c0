"""`herald provider`: the providers that Herald knows, and whether they keep to what is expected.

What tries them brings HTTP and cryptography along, so it is imported late.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console

from herald.cli.environment import EXIT_FAILED, EXIT_USAGE, JsonOption, fail
from herald.cli.tables import plain_table
from herald.contracts.identifiers import CHANNEL_PATTERN
from herald.contracts.masking import (
    SHORTEST_KEY_BYTES,
    MaskingKey,
    NoMaskingKeyError,
    masking_key,
    set_masking_key,
)
from herald.providers.registry import ACCOUNTS, NAME, NAMES, package_of

if TYPE_CHECKING:
    from herald.conformance.checks import Check
    from herald.conformance.verdicts import Result
    from herald.providers.subject import Subject

provider = typer.Typer(help="See the providers, and try them.", no_args_is_help=True)


@provider.command("list")
def list_providers(as_json: JsonOption = False) -> None:
    """Show every provider: Herald's own, and those of other installed distributions."""
    table = plain_table("PROVIDER", "CHANNELS", "PACKAGE")
    for name, account in ACCOUNTS.items():
        channels = [str(it) for it in get_args(account.model_fields["channel"].annotation)]
        package, own = package_of(name), name in NAMES
        table.add_row(name, ", ".join(channels) or "any", package)
        if as_json:
            one = {"provider": name, "channels": channels, "package": package, "own": own}
            typer.echo(json.dumps(one))
    if not as_json:
        Console(soft_wrap=True).print(table)


@provider.command()
def check(
    name: Annotated[
        str | None, typer.Argument(help="A provider, one of its forms, or the file of a profile.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Try every provider.")] = False,
    only: Annotated[
        list[str] | None, typer.Option("--check", help="Only this check; may be repeated.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Try a provider with requests and answers of every kind, and no network; exit 1 if one fails.

    Its folder's conformance.py says how it signs, what it reports and what it answers.
    """
    if (name is None) == (not every):
        raise fail("name a provider, or give --all", EXIT_USAGE)
    from herald.conformance.finding import without_subjects  # noqa: PLC0415  see above

    chosen, checks = _subjects(name), _checks(only or [])
    _set_some_masking_key()
    everything: list[Result] = []
    for subject in chosen:
        results: list[Result] = []
        for result in _results(subject, checks):
            results.append(result)
            typer.echo(json.dumps(asdict(result)) if as_json else _line(result))
        everything += results
        if not as_json:
            typer.echo(_sum(subject.name, results))
    if every and not as_json:
        typer.echo(_sum(f"all {len(chosen)}", everything))
    failed = sum(result.verdict == "failed" for result in everything)
    for silent in () if name else without_subjects():
        typer.echo(f"{package_of(silent)} has no conformance.py with SUBJECTS", err=True)
        failed += 1
    if failed:
        raise typer.Exit(EXIT_FAILED)


@provider.command()
def new(
    name: Annotated[str, typer.Argument(help="Small letters, digits and _.")],
    folder: Annotated[
        Path | None, typer.Option(help="Where to write it; by default herald-NAME, here.")
    ] = None,
    channel: Annotated[str, typer.Option(help="The channel that it serves.")] = "sms",
) -> None:
    """Write the beginning of a provider, as a distribution of its own.

    It runs at once, and fails `herald provider check`, which says line by line how to go on.
    """
    from herald.conformance.scaffolding import NewProvider  # noqa: PLC0415  see above

    if NAME.fullmatch(name) is None or name in ACCOUNTS:
        why = "there is one" if name in ACCOUNTS else "small letters, digits and _, please"
        raise fail(f"no provider can be named {name}: {why}", EXIT_USAGE)
    if re.fullmatch(CHANNEL_PATTERN, channel) is None:
        raise fail(f"no channel can be named {channel}", EXIT_USAGE)
    place = folder or Path(f"herald-{name.replace('_', '-')}")
    try:
        written = NewProvider(name, channel).write(place)
    except OSError as error:
        raise fail(f"{place}: {type(error).__name__}: {error}") from None
    for path in written:
        typer.echo(path)
    typer.echo(f"next: pip install -e {place}; herald provider check {name}")


def _subjects(name: str | None) -> list[Subject]:
    from herald.conformance.finding import subject_of_profile, subjects  # noqa: PLC0415

    if name is not None and name.endswith(".toml"):
        try:
            return [subject_of_profile(Path(name))]
        except ValueError as error:
            raise fail(str(error), EXIT_USAGE) from None
    found = list(subjects())
    if name is None:
        return found
    chosen = [subject for subject in found if name in {subject.name, subject.provider}]
    if chosen:
        return chosen
    if name in ACCOUNTS:
        raise fail(f"{package_of(name)} has no conformance.py with SUBJECTS", EXIT_FAILED)
    known = ", ".join(dict.fromkeys([*ACCOUNTS, *(subject.name for subject in found)]))
    raise fail(f"no provider is named {name}; there are: {known}", EXIT_USAGE)


def _checks(only: list[str]) -> tuple[Check, ...]:
    from herald.conformance.running import CHECKS  # noqa: PLC0415  see above

    known = {check.name: check for check in CHECKS}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise fail(f"no check is named {unknown[0]}; there are: {', '.join(known)}", EXIT_USAGE)
    return tuple(known[name] for name in only) or CHECKS


def _results(subject: Subject, checks: tuple[Check, ...]) -> Iterator[Result]:
    from herald.conformance.running import run_check  # noqa: PLC0415  see above

    with asyncio.Runner() as runner:
        for each in checks:
            yield runner.run(run_check(subject, each))


def _line(result: Result) -> str:
    words = {"passed": "passed", "failed": "FAILED", "not applicable": "n/a"}
    said = result.reason or result.about
    line = f"{words[result.verdict]:<7} {result.subject:<18} {result.check:<24} {said}"
    if result.verdict != "failed":
        return line
    more = (("expected", result.expected), ("seen", result.seen), ("look at", result.look))
    return "\n".join([line, *(f"{'':8}{what:<9} {text}" for what, text in more)])


def _set_some_masking_key() -> None:
    """Have what is masked masked, under a key that nobody needs to know."""
    try:
        masking_key()
    except NoMaskingKeyError:
        set_masking_key(MaskingKey(secrets.token_bytes(SHORTEST_KEY_BYTES)))


def _sum(what: str, results: list[Result]) -> str:
    counts = {
        word: sum(result.verdict == word for result in results)
        for word in ("passed", "failed", "not applicable")
    }
    said = f"{what}: " + ", ".join(f"{count} {word}" for word, count in counts.items())
    first = next((result for result in results if result.verdict == "failed"), None)
    return said if first is None else f"{said}; next: {first.check}, at {first.look}"
