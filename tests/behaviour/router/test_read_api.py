"""The read API of a router on its database, over HTTP: each tenant reads its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import pytest_asyncio
import uvicorn

from behaviour.bus.rabbit import until
from behaviour.router.world import World, command
from reading import OPERATOR, TOKENS


@dataclass(frozen=True, slots=True)
class Api:
    """A router's operations listener, and a message of each of two tenants."""

    url: str
    http: aiohttp.ClientSession
    ids: dict[str, str]  # by tenant
    keys: dict[str, str]  # by tenant

    async def get(
        self, path: str, reader: str | None, **parameters: str
    ) -> tuple[int, dict[str, Any]]:
        """Ask with the token of a reader, or without one."""
        headers = {"Authorization": f"Bearer {TOKENS[reader]}"} if reader else {}
        url = f"{self.url}{path}"
        async with self.http.get(url, params=parameters, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def api(world: World) -> AsyncIterator[Api]:
    """Serve the router, and let each tenant send a message."""
    ids, keys = {}, {}
    for tenant, route in (("default", "default"), ("other", "sms")):
        body = command(tenant=tenant, route=route)
        answer = await world.ask(body)
        ids[tenant], keys[tenant] = answer.data["message_id"], body["idempotency_key"]
    config = uvicorn.Config(world.apps[0], port=0, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    # the tests' own process keeps its signal handlers
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    host, port = server.servers[0].sockets[0].getsockname()
    async with aiohttp.ClientSession() as http:
        yield Api(f"http://{host}:{port}", http, ids, keys)
    server.should_exit = True
    await serving


@pytest.mark.parametrize("tenant", ["default", "other"])
async def test_a_tenant_reads_its_messages(api: Api, tenant: str) -> None:
    """By id and by key; a reader of one tenant need not name it."""
    for path, parameters in (
        (f"/messages/{api.ids[tenant]}", {}),
        ("/messages", {"idempotency_key": api.keys[tenant]}),
        ("/messages", {"idempotency_key": api.keys[tenant], "tenant": tenant}),
    ):
        status, document = await api.get(path, tenant, **parameters)
        assert (status, document["tenant"]) == (200, tenant)
        assert document["id"] == api.ids[tenant]


async def test_an_operator_reads_every_tenants_messages(api: Api) -> None:
    """Where it names no tenant, the default one is meant."""
    for tenant, message_id in api.ids.items():
        status, document = await api.get(f"/messages/{message_id}", OPERATOR)
        assert (status, document["tenant"]) == (200, tenant)
    names = {"idempotency_key": api.keys["default"]}
    assert (await api.get("/messages", OPERATOR, **names))[0] == 200
    names = {"idempotency_key": api.keys["other"], "tenant": "other"}
    assert (await api.get("/messages", OPERATOR, **names))[0] == 200


async def test_another_tenants_message_is_one_that_does_not_exist(api: Api) -> None:
    """By its id, nobody can distinguish the two."""
    unknown = await api.get(f"/messages/{uuid4()}", "other")
    assert unknown[0] == 404
    assert await api.get(f"/messages/{api.ids['default']}", "other") == unknown


async def test_another_tenant_by_name_is_refused(api: Api) -> None:
    """Whether the key is known or not, and the tenant configured or not."""
    for tenant in ("default", "nobody"):
        for key in (api.keys["default"], "no such key"):
            answer = await api.get("/messages", "other", idempotency_key=key, tenant=tenant)
            assert answer == (403, {"error": f"this token may not read tenant {tenant}"})


async def test_a_key_is_of_its_tenant_alone(api: Api) -> None:
    """The key of another tenant's message names nothing."""
    answer = await api.get("/messages", "other", idempotency_key=api.keys["default"])
    assert answer == (404, {"error": "no such message"})


@pytest.mark.parametrize(
    ("path", "parameters", "name"),
    [
        ("/messages", {"idempotency_key": "a\0"}, "idempotency_key"),
        ("/messages", {"idempotency_key": "a", "tenant": "a\0"}, "tenant"),
        ("/rejections", {"idempotency_key": "a", "tenant": "a\0"}, "tenant"),
        ("/dead-letters", {"tenant": "a\0"}, "tenant"),
    ],
)
async def test_text_that_nothing_stored_can_hold_is_bad_input(
    api: Api, path: str, parameters: dict[str, str], name: str
) -> None:
    """The parameter is named, as a search's field is; the database is not asked."""
    answer = await api.get(path, OPERATOR, **parameters)
    error = f"{name}: must not contain U+0000 or lone surrogates"
    assert answer == (400, {"error": error})


async def test_without_a_token_nothing_is_read(api: Api) -> None:
    """Not even whether a message exists."""
    for message_id in (api.ids["default"], uuid4()):
        status, _ = await api.get(f"/messages/{message_id}", None)
        assert status == 401


async def test_operations_need_no_token(api: Api) -> None:
    """Probes and Prometheus ask by whatever address they know."""
    for path in ("/healthz", "/readyz", "/metrics"):
        async with api.http.get(f"{api.url}{path}", headers={"Host": "10.1.2.3:8002"}) as answer:
            assert answer.status in {200, 503}  # it may still begin to consume


async def test_refusals_are_counted(api: Api) -> None:
    """By their reason, which is one of a closed set."""
    async with api.http.get(
        f"{api.url}/messages/{uuid4()}", headers={"Host": "evil.example"}
    ) as answer:
        assert answer.status == 421
    async with api.http.get(f"{api.url}/metrics") as answer:
        text = await answer.text()
    counted = [line for line in text.splitlines() if line.startswith("herald_reads_refused_total{")]
    assert len(counted) == 6
    assert not any(line.endswith(" 0.0") for line in counted if "other_host" in line)
