"""The floor of an HTTP service: Starlette that answers 200 to a POST, served as Herald's are."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from herald.service.serving import serve
from herald.service.settings import Address, Settings


async def _ok(request: Request) -> Response:
    await request.body()
    return Response()


if __name__ == "__main__":
    serve(
        Starlette(routes=[Route("/", _ok, methods=["GET", "POST"])]),
        Settings(
            amqp_url="",
            postgres_dsn="",
            config_path=Path(),
            operations=Address("127.0.0.1", int(os.environ["HERALD_OPERATIONS_PORT"])),
            log_format="json",
        ),
    )
