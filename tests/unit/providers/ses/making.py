"""An account at Amazon SES, and what it asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from channel_email.content import render
from herald.channel.accounts import SendingAccount
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.providers.ses.account import SesAccount, SesSecrets
from herald.providers.ses.send import write_mail
from unit.providers.sending import sending_account

SECRET_KEY = "secret-key-for-tests"
SECRETS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET_KEY}
ACCOUNT = SesAccount(
    provider="ses", region="eu-central-1", configuration_set="herald", templates=("welcome",)
)
NOW = datetime(2026, 1, 19, 12, 0, tzinfo=UTC)


def ses(base_url: str, http: HttpClient, **secrets: str) -> SendingAccount:
    """Make the account, whose API is at `base_url`."""
    account = ACCOUNT.model_copy(update={"base_url": base_url})
    return sending_account(account, SesSecrets.model_validate(SECRETS | secrets), http)


def mail_for(order: Work, account: SesAccount = ACCOUNT) -> dict[str, Any] | Failure:
    """Write the mail that SES is asked to send."""
    template = order.content.template
    holds_template = template is not None and account.holds(template.name)
    content = render(order, holds_template=holds_template)
    return content if isinstance(content, Failure) else write_mail(account, order, content, NOW)
