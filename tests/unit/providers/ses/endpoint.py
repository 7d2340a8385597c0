"""The endpoint that reads Amazon SES's golden payloads."""

from __future__ import annotations

from herald.providers.ses.webhooks import SesEndpoint
from unit.providers.ses.signing_keys import TOPIC, certificates

ENDPOINT = SesEndpoint(account="ses-main", topics=frozenset({TOPIC}), certificates=certificates())
