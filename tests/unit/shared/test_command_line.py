"""What the command line says without any server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from herald.cli.application import application


def test_it_tells_its_version() -> None:
    """A report of a fault begins with it."""
    result = CliRunner().invoke(application, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"herald {version('herald-shared')}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["timeline", "a\udcff@b.c"],
        ["timeline", "a", "--tenant", "a\udcff"],
        ["cancel", "a\udcff@b.c"],
        ["send", "--phone", "+15550000001", "--text", "Hello", "--tenant", "a\udcff"],
        ["erase", "--phone", "+15550000001", "--tenant", "a\udcff"],
        ["watch", "--queue", "events.\udcff"],
        ["dlq", "list", "--queue", "a\udcff"],
        ["dlq", "list", "--reason", "a\udcff"],
        ["dlq", "list", "--tenant", "a\udcff"],
        ["dlq", "list", "--since", "a\udcff"],
        ["dlq", "show", "a\udcff"],
        ["dlq", "replay", "a", "a\udcff"],
        ["dlq", "drop", "a\udcff"],
    ],
    ids=lambda given: ascii(" ".join(given)),
)
def test_an_argument_that_is_not_utf_8_is_wrong_input(arguments: list[str]) -> None:
    """It is named with exit code 2, before any server is asked."""
    environment = {
        "HERALD_AMQP_URL": "amqp://127.0.0.1:1/",
        "HERALD_ROUTER_URL": "http://127.0.0.1:1",
    }
    done = CliRunner().invoke(application, arguments, env=environment)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is not UTF-8" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["resend", "a\udcff"], "rejected: idempotency_key: "),
        (["resend", "a", "--tenant", "A B"], "rejected: tenant: "),
        (["dlq", "replay", ""], "rejected: id: "),
        (["dlq", "drop", "x" * 513], "rejected: id: "),
    ],
)
def test_an_operators_command_that_is_not_well_formed_is_wrong_input(
    arguments: list[str], said: str
) -> None:
    """Its field is named with exit code 2, before the broker is asked."""
    environment = {"HERALD_AMQP_URL": "amqp://127.0.0.1:1/"}
    done = CliRunner().invoke(application, arguments, env=environment)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert len(done.stderr.splitlines()) == 1


BRACKETED = re.compile(r"\[[^\[\]]+\]")


def _commands(command: Any, *path: str) -> Iterator[Any]:
    """Yield the path of a command and of every one below it, with what it is."""
    yield pytest.param(command, path, id=" ".join(path) or "herald")
    for name, inner in getattr(command, "commands", {}).items():
        yield from _commands(inner, *path, name)


@pytest.mark.parametrize(("command", "path"), [*_commands(get_command(application))])
def test_help_shows_what_stands_in_brackets(command: Any, path: tuple[str, ...]) -> None:
    """A table of herald.toml that a help text names is no markup."""
    helps = [command.help, *(getattr(each, "help", None) for each in command.params)]
    written = BRACKETED.findall(" ".join(filter(None, helps)).replace("\\", ""))
    done = CliRunner().invoke(application, [*path, "--help"], env={"COLUMNS": "400"})
    assert done.exit_code == 0
    assert [each for each in written if each not in done.output] == []
