"""`herald dlq`: dead letters listed, looked into, replayed and dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from herald.cli.environment import EXIT_USAGE, JsonOption, fail, run, utf8
from herald.cli.operator_commands import give_all, operator_command, print_tally
from herald.cli.reading import read
from herald.contracts.operator_commands import DropDeadLetter, ReplayDeadLetter
from herald.contracts.topology import DROP_KEY, REPLAY_KEY

PAGE = 500

dlq = typer.Typer(
    help="Dead letters: refused commands, and what nobody could handle. Reading them needs a read "
    "token for every tenant, replaying and dropping an operator's broker user.",
    no_args_is_help=True,
)

Id = Annotated[str, typer.Argument(callback=utf8, help="The dead letter's id.")]
Ids = Annotated[
    list[str] | None, typer.Argument(callback=utf8, help="Dead letters' ids; or give filters.")
]
Queue = Annotated[
    str | None,
    typer.Option(callback=utf8, help="Where they died; herald.commands: refused commands."),
]
Reason = Annotated[
    str | None, typer.Option(callback=utf8, help="What their reason begins with, e.g. route.")
]
Whose = Annotated[
    str | None, typer.Option("--tenant", callback=utf8, help="Of this tenant's commands.")
]
Since = Annotated[
    str | None,
    typer.Option(callback=utf8, help="Since then: ISO 8601 with an offset, or an age such as 2h."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List them, and do nothing.")]


@dlq.command("list")
def list_dead_letters(
    *,
    queue: Queue = None,
    reason: Reason = None,
    tenant: Whose = None,
    since: Since = None,
    limit: Annotated[int, typer.Option(min=1, help="So many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """List dead letters, the newest first: when, queue, tenant, reason, id."""
    filters = _filters(queue=queue, reason=reason, tenant=tenant, since=since)
    for number, dead_letter in enumerate(found(filters), start=1):
        typer.echo(json.dumps(dead_letter) if as_json else _line(dead_letter))
        if number == limit:
            return


@dlq.command()
def show(
    dead_letter: Id,
    body: Annotated[
        bool, typer.Option("--body", help="As it is, not masked; router.audit keeps that.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a dead letter, its body masked. Exit 2 if there is none of this id."""
    document = read(
        f"/dead-letters/{quote(dead_letter, safe='')}", {"body": "whole"} if body else None
    )
    if document is None:
        raise fail(f"no dead letter is named {dead_letter}", EXIT_USAGE)
    if as_json:
        typer.echo(json.dumps(document))
        return
    for name, value in document.items():
        if name != "body" and value not in (None, {}):
            typer.echo(f"{name:<16} {value if isinstance(value, str) else json.dumps(value)}")
    shown = document["body"]
    typer.echo("")
    typer.echo(shown if isinstance(shown, str) else json.dumps(shown, indent=2))


@dlq.command()
def replay(
    dead_letters: Ids = None,
    *,
    queue: Queue = None,
    reason: Reason = None,
    tenant: Whose = None,
    since: Since = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also those that were replayed before.")
    ] = False,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Handle dead letters once more, as whose they were. Exit 1 if some are refused."""
    filters = _filters(queue=queue, reason=reason, tenant=tenant, since=since)
    if filters and not again:
        filters["replayed"] = "false"
    ids = _chosen(dead_letters, filters, dry_run=dry_run, as_json=as_json)
    if ids is not None:
        commands = [operator_command(ReplayDeadLetter, id=name, again=again) for name in ids]
        tally = run(give_all("dlq replay", REPLAY_KEY, commands))
        print_tally(tally, "handled", "were handled before", as_json=as_json)


@dlq.command()
def drop(
    dead_letters: Ids = None,
    *,
    queue: Queue = None,
    reason: Reason = None,
    tenant: Whose = None,
    since: Since = None,
    dry_run: DryRun = False,
    as_json: JsonOption = False,
) -> None:
    """Delete dead letters; router.audit keeps what they were."""
    filters = _filters(queue=queue, reason=reason, tenant=tenant, since=since)
    ids = _chosen(dead_letters, filters, dry_run=dry_run, as_json=as_json)
    if ids is not None:
        commands = [operator_command(DropDeadLetter, id=name) for name in ids]
        tally = run(give_all("dlq drop", DROP_KEY, commands))
        print_tally(tally, "dropped", "were dropped before", as_json=as_json)


def found(filters: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Yield dead letters without their bodies, the newest first, page by page."""
    after: dict[str, str] = {}
    while True:
        page = read("/dead-letters", {**filters, **after, "limit": str(PAGE)}) or {}
        yield from page.get("dead_letters", [])
        if page.get("after") is None:
            return
        after = {"after": page["after"]}


def _filters(**given: str | None) -> dict[str, str]:
    return {name: value for name, value in given.items() if value is not None}


def _chosen(
    named: list[str] | None, filters: dict[str, str], *, dry_run: bool, as_json: bool
) -> list[str] | None:
    """Return the ids of the dead letters that are meant; None: they were only to be listed."""
    if bool(named) == bool(set(filters) - {"replayed"}):
        raise fail("give ids, or --queue, --reason, --tenant or --since", EXIT_USAGE)
    if named and not dry_run:
        return list(named)
    dead_letters = [_shown(name) for name in named] if named else list(found(filters))
    if not dry_run:
        return [dead_letter["id"] for dead_letter in dead_letters]
    for dead_letter in dead_letters:
        typer.echo(json.dumps(dead_letter) if as_json else _line(dead_letter))
    if not as_json:
        typer.echo(f"{len(dead_letters):>7}  dead letters")
    return None


def _shown(dead_letter: str) -> dict[str, Any]:
    document = read(f"/dead-letters/{quote(dead_letter, safe='')}")
    if document is None:
        raise fail(f"no dead letter is named {dead_letter}", EXIT_USAGE)
    return document


def _line(dead_letter: dict[str, Any]) -> str:
    died = datetime.fromisoformat(dead_letter["received_at"]).astimezone()
    replayed = dead_letter["replay_result"] if dead_letter["replayed_at"] else None
    return "  ".join(
        filter(
            None,
            (
                f"{died:%Y-%m-%d %H:%M:%S}",
                dead_letter["queue"],
                dead_letter["tenant"] or "-",
                dead_letter["reason"],
                f"replayed: {replayed}" if replayed else "",
                dead_letter["id"],
            ),
        )
    )
