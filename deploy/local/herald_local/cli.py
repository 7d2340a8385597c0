"""The commands of `python -m herald_local`: what `make up`, `make down` and others run."""

from __future__ import annotations

import re
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from herald_local import lifecycle, processes, prometheus_programs
from herald_local.compose_files import write_compose_files
from herald_local.demo.command import demo
from herald_local.errors import LocalError
from herald_local.lock import locked
from herald_local.progress import report
from herald_local.rabbitmq4 import run_beside
from herald_local.room import remove_room
from herald_local.servers import GivenServers, erase, start_servers
from herald_local.stack import Stack

DEFAULT_STACK = "dev"
RUN = Path(".run")

StackName = Annotated[str, typer.Option("--stack", help="Which stack; each has its own ports.")]

app = typer.Typer(
    help="Run a whole Herald on this machine.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they show local variables, and so secrets
)

app.command()(demo)


@app.command()
def up(stack: StackName = DEFAULT_STACK) -> None:
    """Start a stack, or what does not run of it, and leave it running."""
    home = _home(stack)
    try:
        running = lifecycle.start(home, GivenServers.from_environment())
    except LocalError as error:
        _give_up(error)
    if stack == DEFAULT_STACK:
        shutil.copy(home / "env", RUN / "env")
    typer.echo(_summary(running))


@app.command()
def down(stack: StackName = DEFAULT_STACK) -> None:
    """Stop everything a stack runs; its data stays for the next start."""
    home = _home(stack)
    if not home.exists():
        typer.echo(f"{stack}: nothing runs")
        return
    running = [name for name in processes.recorded(home) if processes.running_pid(home, name)]
    try:
        lifecycle.stop(home)
    except LocalError as error:
        _give_up(error)
    if stack == DEFAULT_STACK:
        (RUN / "env").unlink(missing_ok=True)
    typer.echo(f"{stack}: stopped {', '.join(running) or 'nothing, nothing ran'}")


@app.command()
def status(stack: StackName = DEFAULT_STACK) -> None:
    """Say what runs of a stack; exit with 1 when something of it has ended."""
    home = _home(stack)
    names = processes.recorded(home)
    pids = {name: processes.running_pid(home, name) for name in names}
    for name, pid in pids.items():
        typer.echo(f"{name:<18} {f'runs as {pid}' if pid else 'has ended'}")
    if not names:
        typer.echo(f"{stack}: nothing runs")
    raise typer.Exit(0 if all(pids.values()) else 1)


@app.command()
def clean(stack: StackName = DEFAULT_STACK) -> None:
    """Stop a stack and erase its data, and what crashed test sessions left."""
    down(stack)
    try:
        remove_room(_home(stack))
    except LocalError as error:
        _give_up(error)
    erase(_home(stack))
    for left in RUN.glob("test-*"):
        if not any(processes.running_pid(left, name) for name in processes.recorded(left)):
            erase(left)
    shutil.rmtree(RUN / "failed-test-logs", ignore_errors=True)
    with suppress(OSError):  # other stacks have folders in it
        RUN.rmdir()
    typer.echo(f"{stack}: erased")


@app.command("test-servers")
def servers_for_tests(stack: StackName = "test-servers") -> None:
    """Start a broker and a database for tests and print their HERALD_TEST_* exports."""
    home = _home(stack)
    try:
        with locked(home):
            servers = start_servers(home, GivenServers(), die_with_parent=False)
    except LocalError as error:
        _give_up(error)
    typer.echo(f"export HERALD_TEST_AMQP_URL={servers.amqp_url}")
    typer.echo(f"export HERALD_TEST_RABBITMQ_MANAGEMENT_URL={servers.management_url}")
    typer.echo(f"export HERALD_TEST_POSTGRES_DSN={servers.postgres_dsn}")
    report(f"left running; stop them with: make down STACK={stack}")


@app.command("install-prometheus")
def install_prometheus() -> None:
    """Install Prometheus and Alertmanager, with promtool and amtool, where they are missing."""
    try:
        prometheus_programs.find_or_install()
    except LocalError as error:
        _give_up(error)


@app.command(
    "on-rabbitmq4", context_settings={"allow_extra_args": True, "ignore_unknown_options": True}
)
def on_rabbitmq4(context: typer.Context) -> None:
    """Run a command with the HERALD_TEST_* of RabbitMQ 4.x, installed into a folder of its own."""
    home = RUN.absolute() / "rabbitmq4"
    try:
        with locked(home):
            code = run_beside(home, context.args)
    except LocalError as error:
        _give_up(error)
    raise typer.Exit(code)


@app.command("compose-files")
def compose_files() -> None:
    """Write the configuration and the secrets that deploy/compose.yaml reads."""
    home = _home("compose")
    write_compose_files(home)
    env = (RUN / "compose" / "env").as_posix()
    typer.echo(f"Written to {RUN / 'compose'}. Start everything with:")
    typer.echo(f"  docker compose --env-file {env} --file deploy/compose.yaml up --build --wait")


def _home(name: str) -> Path:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,31}", name):
        raise typer.BadParameter(f"a stack's name is like 'dev' or 'two', not {name!r}")
    return RUN.absolute() / name


def _summary(stack: Stack) -> str:
    env = RUN / "env" if stack.name == DEFAULT_STACK else RUN / stack.name / "env"
    other = "" if stack.name == DEFAULT_STACK else f" STACK={stack.name}"
    processes_of_it = ", ".join(processes.recorded(stack.home))
    return "\n".join(
        [
            f"Herald runs as stack {stack.name!r}.",
            f"  ingress   {stack.ingress_url}",
            f"  router    {stack.router_url}",
            f"  sandbox   {stack.sandbox_url}",
            f"  logs      {RUN / stack.name / 'logs'}",
            f"Left running: {processes_of_it}. Stop them with: make down{other}",
            f"Every address for your shell, and a token to read with: . {env}",
            f"The same as an administrator: . {RUN / stack.name / lifecycle.ADMINISTRATORS_ENV}",
        ]
    )


def _give_up(error: LocalError) -> NoReturn:
    report(str(error))
    raise typer.Exit(1)
