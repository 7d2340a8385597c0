"""An account at the sandbox's mail server, which every stack has."""

from __future__ import annotations

from provider_pairs.pairs import Pair, Places


def pairs(places: Places) -> list[Pair]:
    """Return the one account; its password is that of the stack's own account."""
    return [
        Pair(
            name="smtp-email",
            channel="email",
            account={
                "provider": "smtp",
                "host": "127.0.0.1",
                "port": places.smtp_port,
                "security": "none",
                "secrets_file": "secrets/smtp-main.toml",
            },
            secrets={},
            part="smtp",
            sender="Herald <no-reply@example.com>",
        )
    ]
