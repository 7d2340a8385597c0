"""How an account at Mailgun begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, Question, placeholder
from herald.providers.mailgun.account import MailgunAccount

EXAMPLE = Example(
    title="e-mail, by Mailgun",
    account="mailgun-main",
    channel="email",
    options=(
        Question(
            name="domain",
            about="the sending domain: Mailgun, Send, Domains",
            help="Mailgun's sending domain.",
            flag="mailgun_domain",
            model=MailgunAccount,
        ),
    ),
    sender=EMAIL_FROM,
    secrets=f"""\
api_key = "{placeholder("an API key or the domain's sending key: Mailgun, API security")}"
# Several while one takes the place of the other.
webhook_signing_keys = ["{placeholder("the HTTP webhook signing key: Mailgun, API security")}"]
""",
)
