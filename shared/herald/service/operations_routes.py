"""The three routes an operator asks: `/healthz`, `/readyz`, `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Gauge,
    disable_created_metrics,
    generate_latest,
)
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from herald.contracts.metrics import service as definitions
from herald.service.instruments import gauge

BUILD_INFO = gauge(definitions.BUILD_INFO)
READY = gauge(definitions.READY)
WARNING = gauge(definitions.WARNING)
STOPPING = "stopping"  # the check that fails from SIGTERM on

# Returns None when all is well, else what is wrong in a few words.
Check = Callable[[], str | None]


def ops_routes(
    service: str, checks: Mapping[str, Check], *, warnings: Mapping[str, Check] | None = None
) -> list[Route]:
    """Build the operator's routes; readiness is 200 while every one of `checks` passes, else 503.

    `service` is its package's name; that package's version is shown, and Herald's where a channel
    has no package of its own. `warnings` are shown with
    the checks, but the service does its work in spite of them. Both answer from what the service
    already knows: they make no call of their own. Each is a metric, too.
    """
    shown = {**(warnings or {}), **checks}
    running = _version(service)
    BUILD_INFO.labels(service, running, python_version()).set(1)
    # a series more for each counter and histogram, and nobody asks
    disable_created_metrics()  # type: ignore[no-untyped-call]
    READY.labels(STOPPING).set(1)
    _show(READY, checks, passes=1.0)
    _show(WARNING, warnings or {}, passes=0.0)

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok")

    async def readyz(request: Request) -> Response:
        problems = {name: check() for name, check in shown.items()}
        stopping = getattr(request.app.state, "stopping", False)
        if stopping:
            problems[STOPPING] = "accepts nothing more, and ends"
        ready = not stopping and not any(problems[name] for name in checks)
        return JSONResponse(
            {
                "ready": ready,
                "version": running,
                "checks": {name: said or "ok" for name, said in problems.items()},
            },
            status_code=200 if ready else 503,
        )

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)

    return [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", metrics),
    ]


def say_stopping(application: Starlette) -> None:
    """Let the readiness of an application with these routes be 503 from now on."""
    application.state.stopping = True
    READY.labels(STOPPING).set(0)


def _version(service: str) -> str:
    try:
        return version(service)
    except PackageNotFoundError:
        return version("herald-shared")


def _show(metric: Gauge, checks: Mapping[str, Check], *, passes: float) -> None:
    """Let a metric say at each scrape which checks pass."""
    for name, check in checks.items():
        metric.labels(name).set_function(partial(_reading, check, passes))


def _reading(check: Check, passes: float) -> float:
    return passes if check() is None else 1.0 - passes
