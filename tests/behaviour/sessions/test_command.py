"""`herald sessions`: what it shows, and what it changes under workers."""

from __future__ import annotations

import asyncio
import importlib
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from behaviour.channel.world import until
from behaviour.sessions.making import KEY, Endpoint, worker
from herald.cli.application import application
from herald.config.session_keys import read_session_keys, write_session_keys
from herald.database.pool import Database
from herald.sessions import rows as session_rows
from secret_files import write_masking_key, write_secrets

command: Any = importlib.import_module("herald.cli.sessions")  # the package has its own `sessions`

HERALD_TOML = """
[tenants.default]
[routes.default]
steps = [{channel = "email"}]
[sessions]
keys_file = "session-keys.toml"
[accounts.relay]
provider = "smtp"
host = "relay.example.com"
[accounts.gmail]
provider = "smtp"
host = "smtp.gmail.com"
secrets_file = "gmail.toml"
[accounts.gmail.oauth]
grant = "refresh_token"
token_url = "https://oauth2.googleapis.com/token"
client_id = "client"
user = "no-reply@example.com"
"""


@pytest.fixture
def folder(tmp_path: Path, schema: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a deployment's folder, which the command's environment names."""
    (tmp_path / "herald.toml").write_text(HERALD_TOML)
    write_masking_key(tmp_path)
    write_secrets(tmp_path / "gmail.toml", 'client_secret = "s"\nrefresh_token = "r"\n')
    monkeypatch.setenv("HERALD_CONFIG", str(tmp_path / "herald.toml"))
    monkeypatch.setenv("HERALD_POSTGRES_DSN", schema)
    monkeypatch.setattr(command, "SEEN_SECONDS", 0.05)
    return tmp_path


def said(result: Result) -> str:
    """Return its last line: what this process logs meanwhile stands before it."""
    return result.stdout.splitlines()[-1]


async def herald(*words: str) -> Result:
    """Run the command; it has a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, application, ["sessions", *words])


async def listed() -> dict[str, Any]:
    [one] = json.loads(said(await herald("list", "--json")))
    assert isinstance(one, dict)
    return one


async def test_it_lists_sessions(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """Nobody has one at first; then its account, its key and its times, and no token."""
    assert said(await herald("list")) == "no sessions"
    await worker(database, Endpoint(), keys).turn()
    shown = (await herald("list")).stdout
    assert "gmail" in shown
    assert "token-1" not in shown
    one = await listed()
    assert (one["state"], one["key_id"]) == ("up", read_session_keys(keys).sealing_id)


async def test_it_revokes_and_renews(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """A revoked session stays so until it is renewed; either says whether it changed anything."""
    one = worker(database, Endpoint(), keys)
    await one.turn()
    assert said(await herald("revoke", "gmail")) == "gmail is revoked"
    again = await herald("revoke", "gmail", "--json")
    assert json.loads(said(again)) == {"account": "gmail", "changed": False}
    await one.turn()
    assert (await listed())["state"] == "revoked"
    assert said(await herald("renew", "gmail")) == "gmail gets a new token"
    await one.turn()
    assert await one.value() == "token-2"


async def test_it_begins_anew_with_the_file(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """What is stored is forgotten: the configured refresh token is sent, not the kept one."""
    endpoint = Endpoint(rotates=True)
    one = worker(database, endpoint, keys)
    await one.turn()
    endpoint.used.clear()
    await herald("renew", "gmail", "--from-file")
    await one.turn()
    assert [request["refresh_token"] for request in endpoint.requests] == ["first", "first"]


async def test_it_changes_the_key(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """A new key is written first, and all is sealed with it; once more changes nothing."""
    one = worker(database, Endpoint(), keys)
    await one.turn()
    [old] = read_session_keys(keys).ids
    done = await herald("rotate-keys", "--new", "--json")
    new = read_session_keys(keys).sealing_id
    assert json.loads(said(done)) == {"key": new, "sealed": 1, "before": 0, "unreadable": {}}
    assert read_session_keys(keys).ids == (new, old)
    assert (await listed())["key_id"] == new
    again = await herald("rotate-keys")
    assert f"0 sessions are sealed with key {new} now" in again.stdout
    await one.turn()
    assert await one.value() == "token-1"


async def test_it_seals_again_what_a_worker_sealed_meanwhile(
    database: Database,
    keys: Path,
    rows: asyncpg.Connection,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that was asking for a token stores it under the key that it knows."""
    endpoint = Endpoint()
    one = worker(database, endpoint, keys)
    await one.turn()
    await session_rows.renew(rows, KEY, from_file=False)
    endpoint.may_answer.clear()
    endpoint.asked.clear()
    refreshing = asyncio.create_task(one.turn())
    await endpoint.asked.wait()
    monkeypatch.setattr(command, "SEEN_SECONDS", 1.0)
    changing = asyncio.create_task(herald("rotate-keys", "--new"))
    await until(lambda: _is_sealed_first(rows, keys))
    endpoint.may_answer.set()
    await refreshing
    assert not await _is_sealed_first(rows, keys)
    await changing
    assert await _is_sealed_first(rows, keys)
    assert await one.value() == "token-2"


async def _is_sealed_first(rows: asyncpg.Connection, keys: Path) -> bool:
    found = await rows.fetchval("SELECT key_id FROM channel.sessions")
    sealing = read_session_keys(keys)
    return len(sealing.ids) > 1 and bool(found == sealing.sealing_id)


async def test_it_revokes_what_is_configured_no_more(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """The session of an account that was taken out of herald.toml can still be ended."""
    await worker(database, Endpoint(), keys).turn()
    path = folder / "herald.toml"
    path.write_text(path.read_text().partition("[accounts.gmail]")[0])
    assert said(await herald("revoke", "gmail")) == "gmail is revoked"


async def test_it_names_what_it_cannot_seal(
    database: Database, keys: Path, rows: asyncpg.Connection, folder: Path
) -> None:
    """A session whose key is gone stays as it is, and the exit code says so."""
    await worker(database, Endpoint(), keys).turn()
    before = await rows.fetchrow("SELECT * FROM channel.sessions")
    _replace_key(keys)
    done = await herald("rotate-keys")
    assert done.exit_code == 1
    assert "gmail: key" in done.stdout
    assert await rows.fetchrow("SELECT * FROM channel.sessions") == before


def _replace_key(keys: Path) -> None:
    keys.unlink()
    write_session_keys(keys)
    name = read_session_keys(keys).sealing_id
    keys.write_text(keys.read_text().replace(name, "another"))


@pytest.mark.parametrize("name", ["relay", "nobody"])
async def test_it_names_the_accounts_that_have_one(folder: Path, keys: Path, name: str) -> None:
    """An account without `oauth` has no session."""
    done = await herald("revoke", name)
    assert done.exit_code == 2
    assert "herald.toml has gmail" in done.output
