"""What providers of e-mail say to a call, with all of it in their answers."""

from __future__ import annotations

from typing import Any

PROVIDERS = frozenset({"mailgun", "postmark", "resend", "ses"})
_NAMES = {401: "missing_api_key", 429: "rate_limit_exceeded", 500: "application_error"}


def refusal(provider: str, status: int, echo: str) -> Any:
    """Write an error of a provider's own."""
    if provider == "resend":
        name = _NAMES.get(status, "validation_error")
        return {"statusCode": status, "name": name, "message": echo}
    if provider == "ses":
        names = {401: "UnrecognizedClientException", 429: "TooManyRequestsException"}
        return {"__type": names.get(status, "MessageRejected"), "message": echo}
    if provider == "postmark":
        return {"ErrorCode": {401: 10, 429: 429}.get(status, 300), "Message": echo, "To": echo}
    return {"message": echo}


def acceptance(provider: str, echo: str) -> tuple[int, Any, dict[str, str]]:
    """Write what it answers when it takes a mail."""
    if provider == "ses":
        return 200, {"MessageId": "0107018f-m1", "message": echo}, {}
    if provider == "postmark":
        return 200, {"ErrorCode": 0, "MessageID": "b7bc2f4a", "To": echo, "Message": echo}, {}
    number = "<20260119.1@mg.example.com>" if provider == "mailgun" else "49a3999c"
    return 200, {"id": number, "message": echo, "to": echo}, {}
