"""The `herald` command in this process, also where an event loop runs already."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from typer.testing import CliRunner, Result

from herald.cli.application import application


def herald(environment: Mapping[str, str], *arguments: str) -> Result:
    """Run a command to its end."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(
            CliRunner().invoke, application, arguments, env=dict(environment)
        ).result()
