"""How an account at Resend begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, placeholder

EXAMPLE = Example(
    title="e-mail, by Resend",
    account="resend-main",
    channel="email",
    options=(),
    sender=EMAIL_FROM,
    secrets=f"""\
# With the permission to send.
api_key = "{placeholder("an API key: Resend, API keys")}"
# Several while one takes the place of the other.
webhook_secrets = ["{placeholder("the signing secret, whsec_...: Resend, Webhooks")}"]
""",
)
