"""A service's HTTP application."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.routing import BaseRoute

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


def application(routes: Sequence[BaseRoute], lifespan: Lifespan | None = None) -> Starlette:
    """Make an application that redirects nowhere.

    Starlette would redirect a path with a slash too many, to a URL of the caller's own Host header.
    """
    made = Starlette(routes=routes, lifespan=lifespan)
    made.router.redirect_slashes = False
    return made
