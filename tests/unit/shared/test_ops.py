"""What a service says of itself to operators."""

from __future__ import annotations

import json
from importlib import metadata

import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from herald.service import operations_routes as ops
from herald.service.operations_routes import Check, ops_routes, say_stopping

SERVICE = "herald-router"


@pytest.fixture(autouse=True)
def _versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the service and what it stands on have versions that differ."""
    versions = {SERVICE: "2.3.4", "herald-shared": "0.0.9"}
    monkeypatch.setattr(ops, "version", lambda name: versions.get(name) or metadata.version(name))


async def _readyz(checks: dict[str, Check]) -> dict[str, object]:
    routes = {
        route.path: route for route in ops_routes(SERVICE, checks) if isinstance(route, Route)
    }
    answer = await routes["/readyz"].endpoint(Request({"type": "http", "app": Starlette()}))
    document: dict[str, object] = json.loads(answer.body)
    return document


async def test_readiness_tells_the_services_own_version() -> None:
    """It is the service that is deployed, not the package it stands on."""
    assert (await _readyz({}))["version"] == "2.3.4"


async def test_the_build_is_a_metric() -> None:
    """Dashboards join it to see which versions run side by side."""
    await _readyz({})
    (sample,) = [
        sample
        for family in REGISTRY.collect()
        for sample in family.samples
        if sample.name == "herald_build_info" and sample.labels["version"] == "2.3.4"
    ]
    assert sample.value == 1
    assert sample.labels["service"] == SERVICE


def _says(metric: str, check: str) -> float | None:
    return REGISTRY.get_sample_value(metric, {"check": check})


async def test_readiness_is_a_metric() -> None:
    """An alert names the check that fails, whatever probes do with the answer of /readyz."""
    problem: list[str] = []
    checks: dict[str, Check] = {"of this test": lambda: problem[0] if problem else None}
    application = Starlette(routes=ops_routes(SERVICE, checks, warnings=checks))
    assert (_says("herald_ready", "of this test"), _says("herald_ready", "stopping")) == (1, 1)
    assert _says("herald_warning", "of this test") == 0
    problem.append("away")
    assert _says("herald_ready", "of this test") == 0
    assert _says("herald_warning", "of this test") == 1
    say_stopping(application)
    assert _says("herald_ready", "stopping") == 0


async def test_no_series_says_when_another_began() -> None:
    """They would be a quarter of all, and Prometheus has no use for them."""
    routes = {r.path: r for r in ops_routes(SERVICE, {}) if isinstance(r, Route)}
    answer = await routes["/metrics"].endpoint(Request({"type": "http", "app": Starlette()}))
    assert b"herald_build_info{" in answer.body
    assert b"_created" not in answer.body
