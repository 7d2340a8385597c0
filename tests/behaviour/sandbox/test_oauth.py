"""The token endpoint: what it gives, what it refuses, and what tests can make it do."""

from __future__ import annotations

from typing import Any

import pytest

from behaviour.sandbox.world import REFRESH_TOKEN, World

CLIENT = {"client_id": "client", "client_secret": "client-secret"}


async def ask(world: World, **form: str) -> tuple[int, dict[str, Any]]:
    async with world.client.post(f"{world.url}/oauth/token", data={**CLIENT, **form}) as response:
        return response.status, await response.json()


async def counts(world: World) -> Any:
    async with world.client.get(f"{world.url}/_sandbox/oauth") as response:
        return await response.json()


async def test_a_used_refresh_token_is_refused(world: World) -> None:
    """Where tokens rotate, each of them works once; the first, configured one does always."""
    grant = {"grant_type": "refresh_token"}
    status, first = await ask(world, **grant, refresh_token=REFRESH_TOKEN)
    assert (status, first["token_type"], first["expires_in"]) == (200, "Bearer", 3600)
    assert (await ask(world, **grant, refresh_token=first["refresh_token"]))[0] == 200
    status, refused = await ask(world, **grant, refresh_token=first["refresh_token"])
    assert (status, refused["error"]) == (400, "invalid_grant")
    assert await counts(world) == {
        "granted": {"refresh_token": 2},
        "refused": {"invalid_grant": 1},
    }


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_refuses_what_is_wrong(
    world: World, form: dict[str, str], status: int, error: str
) -> None:
    """With the error of RFC 6749, section 5.2."""
    found, document = await ask(world, **form)
    assert (found, document["error"]) == (status, error)


async def test_refuses_on_demand(world: World) -> None:
    """A test chooses the error, its status, and when it is over."""
    await world.control("oauth", {"refuse": "server_error", "status": 503})
    assert (await ask(world, grant_type="client_credentials"))[0] == 503
    await world.control("oauth", {"refuse": ""})
    assert (await ask(world, grant_type="client_credentials"))[0] == 200
