"""One session that several workers share: who asks for its tokens, how often, and what is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from behaviour.sessions.making import CHANNEL, KEY, Endpoint, Secrets, worker
from herald.config.session_keys import write_session_keys
from herald.database.pool import Database
from herald.providers.credentials import NoTokenError
from herald.sessions import rows as session_rows

HOUR = "UPDATE channel.sessions SET {column} = {column} - interval '1 hour'"


async def test_one_worker_asks_and_all_have_it(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """Ten calls in each of three workers at once cost one login."""
    endpoint = Endpoint()
    workers = [worker(database, endpoint, keys) for _ in range(3)]
    values = await asyncio.gather(*(one.value() for one in workers for _ in range(10)))
    assert set(values) == {"token-1"}
    assert len(endpoint.requests) == 1


async def test_a_restart_asks_for_nothing(database: Database, keys: Path, rows: object) -> None:
    """A worker that begins finds the token, also with another process's eyes."""
    endpoint = Endpoint()
    assert await worker(database, endpoint, keys).value() == "token-1"
    for _ in range(3):
        assert await worker(database, endpoint, keys).value() == "token-1"
    assert len(endpoint.requests) == 1


async def test_the_next_token_is_there_before_the_end(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """A worker's turn asks ahead, once among several, and the others read it; nobody waits."""
    endpoint = Endpoint()
    first, other = (worker(database, endpoint, keys) for _ in range(2))
    await first.turn()
    await other.turn()
    await rows.execute(HOUR.format(column="refresh_at"))
    await asyncio.gather(first.turn(), other.turn())
    await asyncio.gather(first.turn(), other.turn())
    assert [await first.value(), await other.value()] == ["token-2", "token-2"]
    assert len(endpoint.requests) == 2


async def test_a_rotated_refresh_token_is_kept(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """Each new one replaces the last; a worker that begins uses the newest, not the configured."""
    endpoint = Endpoint(rotates=True)
    for number in (1, 2, 3):
        one = worker(database, endpoint, keys)
        await one.turn()
        assert await one.value() == f"token-{number}"
        await rows.execute(HOUR.format(column="refresh_at"))
    sent = [request["refresh_token"] for request in endpoint.requests]
    assert sent == ["first", "refresh-1", "refresh-2"]


async def test_a_refused_token_is_replaced_once(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """Many calls of two workers are refused at once: one new token serves them all."""
    endpoint = Endpoint()
    workers = [worker(database, endpoint, keys) for _ in range(2)]
    refused = [await one.session.token() for one in workers]
    await rows.execute(HOUR.format(column="refreshed_at"))
    renewed = await asyncio.gather(
        *(
            one.session.renewed(token)
            for one, token in zip(workers, refused, strict=True)
            for _ in range(10)
        )
    )
    assert {token.value.get_secret_value() for token in renewed} == {"token-2"}
    assert len(endpoint.requests) == 2


async def test_a_token_that_is_refused_at_once_is_not_replaced(
    database: Database, keys: Path, rows: object
) -> None:
    """The account is refused, not the token: no login follows, and the call fails over."""
    endpoint = Endpoint()
    one = worker(database, endpoint, keys)
    token = await one.session.token()
    with pytest.raises(NoTokenError) as error:
        await one.session.renewed(token)
    assert (error.value.code, error.value.is_refused) == ("session_token_refused", True)
    assert len(endpoint.requests) == 1


async def test_a_worker_that_died_asking_is_replaced(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """Its lease ends, and another asks; not at once, for it may be about to store its token."""
    endpoint = Endpoint()
    dead, other = worker(database, endpoint, keys), worker(database, endpoint, keys)
    endpoint.may_answer.clear()
    asking = asyncio.create_task(dead.session.token())
    await endpoint.asked.wait()
    dead.session._pursuit.cancel()  # type: ignore[union-attr]
    await asyncio.wait([asking])
    await rows.execute(HOUR.format(column="lease_until"))
    endpoint.may_answer.set()
    await other.turn()
    assert len(endpoint.requests) == 1
    other.now[0] += 4
    await other.turn()
    assert await other.value() == "token-2"


async def test_a_refusal_is_named_and_asked_again_later(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """`invalid_grant` stands in readiness; no worker asks again until the pause is over."""
    endpoint = Endpoint()
    endpoint.refuse("invalid_grant", times=2)
    one, other = worker(database, endpoint, keys), worker(database, endpoint, keys)
    for asking in (one, other, one):
        with pytest.raises(NoTokenError) as error:
            await asking.session.token()
        assert (error.value.code, error.value.is_refused) == ("session_invalid_grant", True)
    assert len(endpoint.requests) == 1
    await other.turn()
    assert other.sessions.warning == (
        "the session of gmail can't be refreshed: invalid_grant; it has no token"
    )
    pause = await rows.fetchval("SELECT retry_at - clock_timestamp() FROM channel.sessions")
    assert 50 < pause.total_seconds() <= 60
    await rows.execute(HOUR.format(column="retry_at"))
    await other.turn()
    pause = await rows.fetchval("SELECT retry_at - clock_timestamp() FROM channel.sessions")
    assert 110 < pause.total_seconds() <= 120


async def test_a_new_secret_ends_the_pause(database: Database, keys: Path, rows: object) -> None:
    """A person writes another refresh token into the file: the session is back, no restart."""
    endpoint, secrets = Endpoint(), Secrets()
    endpoint.refuse("invalid_grant")
    one = worker(database, endpoint, keys, secrets)
    with pytest.raises(NoTokenError):
        await one.session.token()
    secrets.refresh_token = "second"
    one.now[0] += 6
    await one.turn()
    assert await one.value() == "token-2"
    assert endpoint.requests[-1]["refresh_token"] == "second"


async def test_a_passing_refusal_leaves_the_token(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """The endpoint is away ahead of the token's end: calls go on with it, and readiness says so."""
    endpoint = Endpoint()
    one = worker(database, endpoint, keys)
    await one.turn()
    await rows.execute(HOUR.format(column="refresh_at"))
    endpoint.refuse("server_error", status=503)
    await one.turn()
    await one.turn()
    assert await one.value() == "token-1"
    assert "server_error; its token ends in" in (one.sessions.warning or "")
    await rows.execute(HOUR.format(column="retry_at"))
    await one.turn()
    await one.turn()
    assert await one.value() == "token-3"
    assert one.sessions.warning is None


async def test_what_the_database_holds_is_sealed(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """Neither the access token nor the refresh token stands in the row."""
    await worker(database, Endpoint(rotates=True), keys).turn()
    query = "SELECT row(s.*, encode(sealed, 'escape'))::text FROM channel.sessions AS s"
    row = await rows.fetchval(query)
    text = str(row)
    assert "token-1" not in text
    assert "refresh-1" not in text
    assert "first" not in text


async def test_a_session_that_cannot_be_opened_is_named_and_left(
    database: Database, keys: Path, rows: asyncpg.Connection, tmp_path: Path
) -> None:
    """A worker without its key says which is missing, leaves it, and takes it up when it comes."""
    endpoint = Endpoint()
    await worker(database, endpoint, keys).turn()
    before = await rows.fetchrow("SELECT * FROM channel.sessions")
    elsewhere = tmp_path / "other.toml"
    write_session_keys(elsewhere)
    one = worker(database, endpoint, elsewhere)
    with pytest.raises(NoTokenError) as error:
        await one.session.token()
    assert (error.value.code, error.value.is_refused) == ("session_unreadable", False)
    await one.turn()
    assert "the session of gmail can't be opened: key" in (one.sessions.warning or "")
    assert await rows.fetchrow("SELECT * FROM channel.sessions") == before
    elsewhere.write_bytes(keys.read_bytes())  # noqa: ASYNC240  a few bytes
    await one.turn()
    assert await one.value() == "token-1"
    assert one.sessions.warning is None
    assert len(endpoint.requests) == 1


async def test_a_revoked_session_gives_no_token(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """It is forgotten everywhere within a turn, and begins anew only when an operator says so."""
    endpoint = Endpoint()
    one = worker(database, endpoint, keys)
    await one.turn()
    await one.turn()
    assert await session_rows.revoke(rows, KEY)
    await one.turn()
    with pytest.raises(NoTokenError) as error:
        await one.session.token()
    assert error.value.code == "session_revoked"
    assert one.sessions.warning == "the session of gmail is revoked"
    assert await rows.fetchval("SELECT sealed FROM channel.sessions") is None
    assert await session_rows.renew(rows, KEY, from_file=False)
    await one.turn()
    assert await one.value() == "token-2"


async def test_a_session_revoked_while_it_is_refreshed_stays_revoked(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """The token that comes back too late is not kept, and not used."""
    endpoint = Endpoint()
    one = worker(database, endpoint, keys)
    endpoint.may_answer.clear()
    asking = asyncio.create_task(one.session.token())
    await endpoint.asked.wait()
    await session_rows.revoke(rows, KEY)
    endpoint.may_answer.set()
    with pytest.raises(NoTokenError):
        await asking
    await one.turn()
    with pytest.raises(NoTokenError):
        await one.session.token()
    assert await rows.fetchval("SELECT sealed FROM channel.sessions") is None


async def test_every_row_names_its_channel(
    database: Database, keys: Path, rows: asyncpg.Connection
) -> None:
    """`herald sessions list` shows whose it is, and nothing that is sealed."""
    await worker(database, Endpoint(), keys).turn()
    [listed] = await session_rows.list_all(rows)
    assert (listed.channel, listed.account, listed.kind) == (CHANNEL, "gmail", "refresh_token")
    assert listed.version == 1
