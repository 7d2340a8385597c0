"""`python -m router`: run the router."""

from __future__ import annotations

from herald.service.lean_imports import leave_out


def main() -> None:
    """Run it until a signal."""
    leave_out()
    from router.running import serve_router  # noqa: PLC0415  only from here on may structlog be imported

    serve_router()


if __name__ == "__main__":
    main()
