"""A SendGrid account, and what it asks for."""

from __future__ import annotations

from typing import Any

from channel_email.content import render
from herald.channel.accounts import SendingAccount
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.providers.sendgrid.account import SendGridAccount, SendGridSecrets
from herald.providers.sendgrid.send import write_mail
from unit.providers.sending import sending_account

API_KEY = "key-for-tests"
ACCOUNT = SendGridAccount(provider="sendgrid")


def sendgrid(base_url: str, http: HttpClient) -> SendingAccount:
    """Make the account, whose API is at `base_url`."""
    account = ACCOUNT.model_copy(update={"base_url": base_url})
    return sending_account(account, SendGridSecrets.model_validate({"api_key": API_KEY}), http)


def mail_for(order: Work) -> dict[str, Any] | Failure:
    """Write the mail that SendGrid is asked to send, or say why there is none."""
    template = order.content.template
    holds_template = template is not None and ACCOUNT.holds(template.name)
    content = render(order, holds_template=holds_template)
    return content if isinstance(content, Failure) else write_mail(ACCOUNT, order, content)
