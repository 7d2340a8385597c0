"""The endpoint that reads Twilio's golden payloads."""

from __future__ import annotations

from herald.providers.twilio.webhooks import TwilioEndpoint

ENDPOINT = TwilioEndpoint(
    tokens=(b"token",),
    account_sid="AC" + "0" * 32,
    owners={
        "AC" + "0" * 32: {"sms": "twilio-main"},
        "AC" + "1" * 32: {"sms": "twilio-sub"},
        "AC" + "2" * 32: {"sms": "twilio-shared"},
        "AC" + "3" * 32: {"sms": "twilio-both", "whatsapp": "twilio-wa-both"},
        "AC" + "4" * 32: {"whatsapp": "twilio-wa-only"},
    },
    ignoring=frozenset({"twilio-shared"}),
    fragment="rc=5&rp=all",
)

# of a request whose body is JSON
JSON_QUERY = "bodySHA256=x&attempt=x"
