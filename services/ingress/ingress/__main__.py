"""`python -m ingress`: run ingress."""

from __future__ import annotations

from herald.service.lean_imports import leave_out


def main() -> None:
    """Run it until a signal."""
    leave_out()
    from ingress.running import serve_ingress  # noqa: PLC0415  only from here on may structlog be imported

    serve_ingress()


if __name__ == "__main__":
    main()
