"""`python -m channel_sms`: run the SMS worker."""

from __future__ import annotations

from channel_sms.app import run

if __name__ == "__main__":
    run()
