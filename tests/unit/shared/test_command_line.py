"""What the command line says without any server."""

from __future__ import annotations

from importlib.metadata import version

from typer.testing import CliRunner

from herald.cli.application import application


def test_it_tells_its_version() -> None:
    """A report of a fault begins with it."""
    result = CliRunner().invoke(application, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"herald {version('herald-shared')}\n"
