"""`python -m channel_email`: run the e-mail worker."""

from __future__ import annotations

from channel_email.app import run

if __name__ == "__main__":
    run()
