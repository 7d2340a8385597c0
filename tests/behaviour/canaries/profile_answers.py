"""A provider with a profile: answers and webhooks that repeat all that a message says."""

from __future__ import annotations

import base64
import json
from typing import Any

from behaviour.canaries.canaries import ECHO, NAME, PHONE

PROVIDER = "http"
ATTEMPT = "7d444840-9dc0-11d1-b245-5ffdce74fad2.1.1"
OPTIONS = {"profile": "infobip", "base": "abc123"}
PATH = "/webhooks/infobip/main"
HEADERS = {"Authorization": "Basic " + base64.b64encode(b"us:pass").decode()}


def refusal(status: int, echo: str) -> Any:
    """Write the provider's own error."""
    code = {401: "UNAUTHORIZED", 429: "TOO_MANY_REQUESTS"}.get(status, "BAD_REQUEST")
    return {"requestError": {"serviceException": {"messageId": code, "text": echo}}}


def acceptance(echo: str) -> tuple[int, Any, dict[str, str]]:
    """Write what the provider answers when it takes a message."""
    status = {"groupId": 1, "groupName": "PENDING", "name": "PENDING_ACCEPTED", "description": echo}
    return 200, {"messages": [{"messageId": "m1", "destination": echo, "status": status}]}, {}


def _report(group: str, **error: Any) -> bytes:
    result = {
        "messageId": "m1",
        "to": PHONE[1:],
        "from": NAME,
        "text": ECHO,
        "status": {"groupName": group, "name": group},
        "callbackData": ATTEMPT,
        **({"error": error} if error else {}),
    }
    return json.dumps({"results": [result]}).encode()


BODIES = [
    _report("UNDELIVERABLE", groupName="HANDSET_ERRORS", name="EC_ABSENT_SUBSCRIBER"),
    _report("REJECTED"),
    _report("DELIVERED"),
    _report("of tomorrow"),
]
