"""Twilio's webhooks as a customer reads them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import parse_qsl

from behaviour.sandbox.world import AUTH_TOKEN, Received, World


def form_of(webhook: Received) -> dict[str, str]:
    """Return its fields."""
    return dict(parse_qsl(webhook.body.decode(), keep_blank_values=True))


def is_signed(world: World, webhook: Received) -> bool:
    """Say whether its signature covers the URL as called and every field."""
    text = world.receiver.url + webhook.path
    text += "".join(name + value for name, value in sorted(form_of(webhook).items()))
    expected = hmac.new(AUTH_TOKEN.encode(), text.encode(), hashlib.sha1).digest()
    return webhook.headers["x-twilio-signature"] == base64.b64encode(expected).decode()
