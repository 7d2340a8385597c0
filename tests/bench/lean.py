"""An account at the lean provider, and runs that end by its count."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.lean_provider import reference
from herald_local import processes
from herald_local.parent_death import dying_with_parent
from herald_local.ports import free_port
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

NAME = "lean-provider"
ACCOUNT = "twilio-lean"
ROUTE = "sms-lean"
SANDBOX_ROUTE = "sms-sandbox"  # never by the lean provider, which does not always run
OK = 200
_RATE = "100000/s"  # nothing of the account's own holds a run back
_RECORDED = """
SELECT count(*) FROM {0}.provider_refs
WHERE provider = 'twilio' AND account = $1 AND reference BETWEEN $2 AND $3
    AND attempt_id IS NOT NULL
"""


class LeanProvider:
    """Where the provider listens; `extend` lets a stack have an account there."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def extend(self, home: Path, _ports: Mapping[str, int]) -> None:
        """Add the account and a route for each provider to a stack's configuration."""
        file = home / "herald.toml"
        sid = tomllib.loads(file.read_text())["accounts"]["twilio-main"]["account_sid"]
        with file.open("a") as written:
            written.write(
                f'\n[accounts.{ACCOUNT}]\nprovider = "twilio"\naccount_sid = "{sid}"\n'
                f'base_url = "{self.url}"\nrate = "{_RATE}"\n'
                'secrets_file = "secrets/twilio-main.toml"\n'
                f"\n[routes.{ROUTE}]\n"
                f'steps = [{{channel = "sms", account = "{ACCOUNT}", fallback_after = "10m"}}]\n'
                f"\n[routes.{SANDBOX_ROUTE}]\n"
                'steps = [{channel = "sms", account = "twilio-main", fallback_after = "10m"}]\n'
            )

    @contextmanager
    def running(self, stack: Stack) -> Iterator[None]:
        """Run it as one of the stack's processes, for the time of a block."""
        command = [sys.executable, "-m", "bench.lean_provider", str(self.port)]
        environment = os.environ | {"PYTHONPATH": "tests"}
        processes.launch(stack.home, NAME, dying_with_parent(command), environment)
        try:
            wait_until(
                lambda: call("GET", self.url).status == OK,
                timeout_seconds=20,
                complaint=lambda: "the lean provider did not start",
            )
            yield
        finally:
            processes.stop(stack.home, [NAME])

    def taken(self) -> int:
        """Return how many messages it has taken so far."""
        return int(call("GET", self.url).body)


@dataclass(frozen=True, slots=True)
class LeanFinish:
    """A run is over when every acceptance is on record; the ids of one run are a range."""

    provider: LeanProvider
    schema: str  # whose table of references is looked at

    def taken(self) -> int:
        """Ask the provider."""
        return self.provider.taken()

    async def recorded(self, database: asyncpg.Connection, first: int, number: int) -> int:
        """Count the references that belong to an attempt."""
        account = ACCOUNT if self.schema == "router" else "main"
        span = reference(first + 1), reference(first + number)
        found: int = await database.fetchval(_RECORDED.format(self.schema), account, *span)
        return found
