"""A Postmark account, and what it asks for."""

from __future__ import annotations

from typing import Any

from channel_email.content import render
from herald.channel.accounts import SendingAccount
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.providers.postmark.account import PostmarkAccount, PostmarkSecrets
from herald.providers.postmark.send import write_mail
from unit.providers.sending import sending_account

TOKEN = "server-token-for-tests"
ACCOUNT = PostmarkAccount(provider="postmark", templates=("welcome", "1234"))


def postmark(base_url: str, http: HttpClient) -> SendingAccount:
    """Make the account, whose API is at `base_url`."""
    account = ACCOUNT.model_copy(update={"base_url": base_url})
    return sending_account(account, PostmarkSecrets.model_validate({"server_token": TOKEN}), http)


def mail_for(order: Work, account: PostmarkAccount = ACCOUNT) -> dict[str, Any]:
    """Write the mail that Postmark is asked to send."""
    template = order.content.template
    holds_template = template is not None and account.holds(template.name)
    content = render(order, holds_template=holds_template)
    assert not isinstance(content, Failure)
    return write_mail(account, order, content)
