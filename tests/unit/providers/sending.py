"""An account of a real provider, made as its channel's worker makes it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from herald.channel.accounts import SendingAccount
from herald.channel.definitions import definition_of
from herald.http.client import HttpClient
from herald.providers.account import Account, Secrets
from herald.providers.credentials import Credentials
from herald.providers.registry import send_module
from herald.providers.sending import ProviderContext

BASE_URL = "https://hooks.example.com"


def context_of(
    account: Account, secrets: Secrets, http: HttpClient | None = None, base_url: str = BASE_URL
) -> ProviderContext[Any, Any]:
    """Give what a provider is made of; its account is named like it.

    `base_url`: where its webhooks arrive.
    """
    name = f"{account.provider}-main"
    return ProviderContext(
        name=name,
        account=account,
        credentials=Credentials(secrets, lambda: secrets),
        http=http or HttpClient(timedelta(seconds=1)),
        callback_url=f"{base_url}/webhooks/{account.provider}/{name}",
    )


def sending_account(
    account: Account, secrets: Secrets, http: HttpClient | None = None, base_url: str = BASE_URL
) -> SendingAccount:
    """Give the account with its provider and its channel's content rules."""
    context = context_of(account, secrets, http, base_url)
    return SendingAccount(
        name=context.name,
        options=account,
        provider=send_module(account.folder).make_provider(context),
        credentials=context.credentials,
        render=definition_of(account.channel).render,
    )
