"""How an account at Postmark begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, placeholder

EXAMPLE = Example(
    title="e-mail, by Postmark",
    account="postmark-main",
    channel="email",
    options=(),
    sender=EMAIL_FROM,
    secrets=f"""\
server_token = "{placeholder("a server API token: Postmark, the server, API Tokens")}"
# Put it before the host of each webhook's URL: https://herald:...@your.host/webhooks/postmark/...
webhook_logins = ["herald:{{token}}"]
""",
)
