"""What the runbooks tell an operator to run is what the command line has."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from herald.cli.application import application

command_line = cache(typer.main.get_command)  # it takes 30 ms to build them all
RUNBOOKS = Path(__file__).parents[3] / "docs" / "runbooks"
_COMMAND = re.compile(r"`(herald [^`]+)`")
COMMANDS = sorted(
    {
        (path.stem, command)
        for path in RUNBOOKS.glob("*.md")
        for command in _COMMAND.findall(path.read_text())
    }
)


@pytest.mark.parametrize(("page", "line"), COMMANDS)
def test_a_command_of_a_runbook_exists_with_its_options(page: str, line: str) -> None:
    """Its name, its subcommand and each option are known, and no argument is one too many."""
    command = command_line(application)
    words = shlex.split(line)[1:]
    while isinstance(command, TyperGroup):
        name = words.pop(0) if words else ""
        assert name in command.commands, f"{page}: there is no `{name}` in {line}"
        command = command.commands[name]
    # parses as the command line would: an unknown option or one argument too many is an error
    command.make_context(line, words, resilient_parsing=False)


def test_every_page_names_a_command() -> None:
    """A page without one leaves out how Herald itself sees it."""
    named = {page for page, _line in COMMANDS}
    pages = {path.stem for path in RUNBOOKS.glob("*.md")}
    assert pages - named == set()
