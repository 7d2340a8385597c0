"""`python -m channel_whatsapp`: run the WhatsApp worker."""

from __future__ import annotations

from channel_whatsapp.app import run

if __name__ == "__main__":
    run()
