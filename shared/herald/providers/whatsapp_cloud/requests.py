"""Where a number's API is, and what opens it."""

from __future__ import annotations

from herald.providers.sending import ProviderContext
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount, WhatsAppCloudSecrets

Context = ProviderContext[WhatsAppCloudAccount, WhatsAppCloudSecrets]


def endpoint(context: Context, name: str) -> str:
    """Return the URL of an endpoint of the number."""
    account = context.account
    return f"{account.base_url}/{account.api_version}/{account.phone_number_id}/{name}"


def authorization(context: Context) -> dict[str, str]:
    """Return the header that carries the access token."""
    token = context.credentials.current.access_token.get_secret_value()
    return {"Authorization": f"Bearer {token}"}
