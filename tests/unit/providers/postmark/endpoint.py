"""The endpoint that reads Postmark's golden payloads."""

from __future__ import annotations

from herald.providers.postmark.signature import encoded_login
from herald.providers.postmark.webhooks import PostmarkEndpoint

LOGIN = encoded_login("herald:secret")
ENDPOINT = PostmarkEndpoint(account="postmark-main", logins=(LOGIN,))
HEADERS = {"Authorization": f"Basic {LOGIN.decode()}"}
