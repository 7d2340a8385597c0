"""How an account at an SMTP relay begins."""

from __future__ import annotations

from herald.providers.examples import EMAIL_FROM, Example, Question, placeholder
from herald.providers.smtp.account import SmtpAccount

EXAMPLE = Example(
    title="e-mail, by an SMTP relay",
    account="smtp-main",
    channel="email",
    options=(
        Question(
            name="host",
            about="the relay's host name",
            help="The SMTP relay.",
            flag="smtp_host",
            model=SmtpAccount,
        ),
    ),
    sender=EMAIL_FROM,
    secrets=f"""\
# Take both out where the relay trusts you by your address.
username = "{placeholder("the user at the relay")}"
password = "{placeholder("the password at the relay")}"
""",
)
