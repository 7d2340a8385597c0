"""How an account at SendGrid begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, Question, placeholder

EXAMPLE = Example(
    title="e-mail, by SendGrid",
    account="sendgrid-main",
    channel="email",
    options=(
        Question(
            name="webhook_public_keys",
            about="the verification key: SendGrid, Mail settings, Event webhook",
            help="SendGrid's key for its event webhook.",
            flag="webhook_public_key",
            is_list=True,
        ),
    ),
    sender=EMAIL_FROM,
    secrets=f"""\
# With the right Mail Send.
api_key = "{placeholder("an API key: SendGrid, Settings, API keys")}"
""",
)
