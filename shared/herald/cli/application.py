"""All commands of `herald`, and the options that belong to none."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated

import typer

from herald.cli.account import account
from herald.cli.cancel import cancel
from herald.cli.channel import channel
from herald.cli.config import config
from herald.cli.dlq import dlq
from herald.cli.egress import egress
from herald.cli.erase import erase
from herald.cli.explain import explain
from herald.cli.find import find
from herald.cli.init import init
from herald.cli.migrate import migrate
from herald.cli.provider import provider
from herald.cli.reconcile import reconcile
from herald.cli.rehash import rehash
from herald.cli.resend import resend
from herald.cli.send import send
from herald.cli.sessions import sessions
from herald.cli.status import status
from herald.cli.suppressions import suppress, suppressions, unsuppress
from herald.cli.template import template
from herald.cli.timeline import timeline
from herald.cli.token import token
from herald.cli.topology import topology
from herald.cli.validate import validate
from herald.cli.watch import watch

application = typer.Typer(
    name="herald",
    help="Send messages, see what became of them, and operate a Herald. Settings come from the "
    "environment: HERALD_AMQP_URL, HERALD_ROUTER_URL, HERALD_READ_TOKEN, HERALD_POSTGRES_DSN, "
    "HERALD_CONFIG. "
    "Exit codes: 0 done, 1 it could not be done or did not end well, 2 wrong input or refused, "
    "3 not in time, or not all could be checked, 130 Ctrl-C.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # they show local variables, and so secrets
)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"herald {version('herald-shared')}")
        raise typer.Exit


@application.callback()
def _options(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Hold what belongs to no command; the application's own help is shown."""


for command in (
    init, send, validate, explain, timeline, find, watch, cancel, resend, suppress, unsuppress,
    suppressions, erase, status, migrate, rehash, reconcile, token,
):  # fmt: skip
    application.command()(command)
application.add_typer(account, name="account")
application.add_typer(channel, name="channel")
application.add_typer(dlq, name="dlq")
application.add_typer(sessions, name="sessions")
application.add_typer(egress, name="egress")
application.add_typer(topology, name="topology")
application.add_typer(config, name="config")
application.add_typer(template, name="template")
application.add_typer(provider, name="provider")
