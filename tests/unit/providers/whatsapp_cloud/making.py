"""A phone number at Meta, and what it asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from channel_whatsapp.content import render
from herald.channel.accounts import SendingAccount
from herald.contracts.failures import Failure
from herald.contracts.work import Work
from herald.http.client import HttpClient
from herald.providers.files import FetchFile
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets
from herald.providers.whatsapp_cloud.messages import write_message
from herald.providers.whatsapp_cloud.send import make_provider
from unit.providers.sending import context_of, sending_account

TOKEN = "token-for-tests"
SECRETS = {"access_token": TOKEN, "app_secrets": ["s"], "verify_token": "v"}


def whatsapp_cloud(base_url: str, http: HttpClient) -> SendingAccount:
    """Make the account of one number."""
    account = WhatsAppCloudAccount(
        provider="whatsapp_cloud", phone_number_id="100000000000001", base_url=base_url
    )
    return sending_account(account, WhatsAppCloudSecrets.model_validate(SECRETS), http)


def message_for(order: Work) -> dict[str, Any] | Failure:
    """Write the message that Meta is asked to send, or say why there is none."""
    content = render(order, holds_template=order.content.template is not None)
    return content if isinstance(content, Failure) else write_message(order, content, "wa-main")


def uploading(base_url: str, http: HttpClient, fetch: FetchFile | None) -> SendingAccount:
    """Make the account of a number whose files go by upload."""
    account = WhatsAppCloudAccount(
        provider="whatsapp_cloud",
        phone_number_id="100000000000001",
        base_url=base_url,
        media="upload",
    )
    secrets = WhatsAppCloudSecrets.model_validate(SECRETS)
    context = replace(context_of(account, secrets, http), fetch=fetch)
    return SendingAccount(
        name=context.name, options=account, provider=make_provider(context), render=render
    )
