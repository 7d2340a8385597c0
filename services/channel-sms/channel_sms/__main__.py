"""`python -m channel_sms`: run the SMS worker."""

from __future__ import annotations

from herald.service.lean_imports import leave_out


def main() -> None:
    """Run it until a signal."""
    leave_out()
    from channel_sms.app import run  # noqa: PLC0415  only from here on may structlog be imported

    run()


if __name__ == "__main__":
    main()
