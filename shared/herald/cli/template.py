"""`herald template`: look at the templates of herald.toml, without a server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from herald.cli.environment import EXIT_USAGE, JsonOption, TenantOption, configuration, fail
from herald.cli.tables import plain_table
from herald.config.file import HeraldFile
from herald.contracts.content import Template
from herald.contracts.content.segments import count_segments, encoding_of
from herald.contracts.text import storable
from herald.templates.filled import Filled, UnfillableError

template = typer.Typer(help="Look at the templates of herald.toml.", no_args_is_help=True)


@template.command("list")
def list_templates(as_json: JsonOption = False) -> None:
    """Name every template with its versions, locales and variables."""
    named = configuration().file.templates.named
    table = plain_table("template", "versions", "locales", "tenants", "variables")
    for name, each in named.items():
        versions = [str(number) for number in each.versions]
        if as_json:
            document = {
                "name": name,
                "version": each.version,
                "versions": list(each.versions),
                "locales": sorted(each.locales),
                "tenants": each.tenants,
                "variables": sorted(each.variables),
            }
            typer.echo(json.dumps(document))
        table.add_row(
            name,
            ", ".join(versions),
            ", ".join(sorted(each.locales)),
            ", ".join(each.tenants),
            ", ".join(sorted(each.variables)),
        )
    if not as_json:
        Console().print(table)


@template.command("preview")
def preview(
    name: Annotated[str, typer.Argument(help="The template's name.")],
    channel: Annotated[str, typer.Option(help="The channel to say it on.")],
    locale: Annotated[str | None, typer.Option(help="The recipient's, e.g. de or pt-BR.")] = None,
    variable: Annotated[
        list[str] | None, typer.Option("--variable", help="NAME=VALUE; may be repeated.")
    ] = None,
    version: Annotated[int | None, typer.Option(help="The current one if absent.")] = None,
    tenant: TenantOption = "default",
    as_json: JsonOption = False,
) -> None:
    """Print what a template says on a channel, with segments and cost of an SMS."""
    file = configuration().file
    filler = file.templates.filler
    found = None if filler is None else filler.find(name, tenant)
    if filler is None or found is None:
        known = ", ".join(sorted(file.templates.named)) or "none"
        raise fail(f"no template {name!r} for tenant {tenant!r}; known: {known}", EXIT_USAGE)
    if channel not in file.channels:
        known = ", ".join(file.channels)
        raise fail(f"no account serves channel {channel!r}; known: {known}", EXIT_USAGE)
    asked = Template.model_construct(name=name, version=version, variables=_pairs(variable or ()))
    try:
        filled = filler.fill(found, asked, (locale,), channel)
    except UnfillableError as error:
        raise fail(": ".join(filter(None, (error.field, error.reason))), EXIT_USAGE) from None
    about = _about(filled, file, channel, tenant)
    if as_json:
        typer.echo(json.dumps(about))
        return
    for line in _lines(about):
        typer.echo(line)


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for pair in given:
        name, separator, value = pair.partition("=")
        if not separator or storable(value) != value:
            raise fail(f"--variable {name}: write NAME=VALUE", EXIT_USAGE)
        pairs[name] = value
    return pairs


def _about(filled: Filled, file: HeraldFile, channel: str, tenant: str) -> dict[str, Any]:
    parts = {
        part: said.model_dump(mode="json", exclude_none=True)
        if isinstance(said, Template)
        else said
        for part, said in filled.parts.items()
    }
    about: dict[str, Any] = {
        "template": filled.name,
        "version": filled.version,
        "locale": filled.locale,
        "parts": parts,
    }
    text, segments = filled.parts.get("text"), 1
    if channel == "sms" and text:
        segments = count_segments(text)
        about |= {"encoding": encoding_of(text), "segments": segments}
    about["cost"] = {
        name: str(account.price.times(segments))
        for name, account in file.accounts.items()
        if account.channel == channel and tenant in account.tenants and account.price is not None
    }
    return about


def _lines(about: dict[str, Any]) -> Iterator[str]:
    yield f"{about['template']} version {about['version']}, {about['locale']}"
    if not about["parts"]:
        yield "says nothing here of its own"
    for part, said in about["parts"].items():
        if isinstance(said, str):
            yield from (f"--- {part}", said)
            continue
        yield f"--- {part}: the provider's {said['name']!r} ({said['language']})"
        yield from (f"{name} = {value}" for name, value in said["variables"].items())
    if "segments" in about:
        plural = "" if about["segments"] == 1 else "s"
        yield f"--- {about['segments']} segment{plural} ({about['encoding']})"
    for name, cost in about["cost"].items():
        yield f"--- costs about {cost} by {name}"
