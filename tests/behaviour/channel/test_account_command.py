"""`herald account` and the accounts of `herald status`, on a real database."""

from __future__ import annotations

import json
from dataclasses import dataclass

import command_line
from behaviour.channel.world import World, configure
from herald.cli.accounts import read_accounts
from herald.config.loading import load_configuration


@dataclass(frozen=True, slots=True)
class Said:
    code: int
    out: str
    err: str


def herald(world: World, *words: str, dsn: str | None = None) -> Said:
    """Run the command with two accounts configured."""
    path = configure(world.folder, rate="1/s", timeout="5s", accounts=("main", "spare"))
    environment = {"HERALD_CONFIG": str(path), "HERALD_POSTGRES_DSN": dsn or world.dsn}
    done = command_line.herald(environment, *words)
    return Said(done.exit_code, done.stdout.strip(), done.stderr.strip())


async def states(world: World) -> dict[str, str]:
    path = configure(world.folder, rate="1/s", timeout="5s", accounts=("main", "spare"))
    accounts = load_configuration(path).file.accounts
    return {found.name: found.state for found in await read_accounts(world.dsn, accounts)}


async def test_pause_and_resume_say_what_they_did(world: World) -> None:
    """Either may be said twice; the second time nothing changes, and it says so."""
    assert herald(world, "account", "pause", "main") == Said(0, "main (sms) is paused", "")
    assert await states(world) == {"main": "paused", "spare": "up"}
    again = herald(world, "account", "pause", "main")
    assert again == Said(0, "main (sms) was paused already", "")
    resumed = herald(world, "account", "resume", "main")
    assert resumed == Said(0, "main (sms) takes calls again", "")
    assert await states(world) == {"main": "up", "spare": "up"}
    said = herald(world, "account", "resume", "main", "--json")
    assert json.loads(said.out) == {
        "account": "main",
        "channel": "sms",
        "paused": False,
        "changed": False,
    }


async def test_an_unknown_account_is_wrong_input(world: World) -> None:
    """A name that herald.toml lacks changes nothing, and the known ones are named."""
    said = herald(world, "account", "pause", "mian")
    assert said == Said(2, "", "no account is named mian; herald.toml has main, spare")
    assert await world.database.fetchval("SELECT count(*) FROM channel.accounts") == 0


async def test_a_database_that_is_away_is_one_line(world: World) -> None:
    """What could not be written is said in a line, with exit 1."""
    said = herald(world, "account", "pause", "main", dsn="postgresql://x@127.0.0.1:1/x")
    assert said.code == 1
    assert "PostgreSQL at 127.0.0.1:1" in said.err


async def test_an_account_that_is_down_is_a_problem(world: World) -> None:
    """`herald status` names it with its reason; one that is up is none."""
    await world.database.execute(
        "INSERT INTO channel.accounts (channel, account, provider, trouble, code, pause, probe_at)"
        " VALUES ('sms', 'main', 'twilio', 'auth', '20003', '5s', clock_timestamp())"
    )
    path = configure(world.folder, rate="1/s", timeout="5s", accounts=("main", "spare"))
    found = await read_accounts(world.dsn, load_configuration(path).file.accounts)
    problems = [account.problem for account in found]
    assert problems[0].startswith("account main is down: auth 20003, since 20")
    assert problems[1] == ""
