"""Answers of providers of SMS by HTTP, with the echo wherever they have prose."""

from __future__ import annotations

from typing import Any

from behaviour.canaries import profile_answers

PROVIDERS = frozenset({"vonage_sms", "vonage", "messagebird", profile_answers.PROVIDER})


def refusal(provider: str, status: int, echo: str) -> Any:
    """Write a provider's own error."""
    if provider == profile_answers.PROVIDER:
        return profile_answers.refusal(status, echo)
    if provider == "vonage_sms":
        code = {401: "4", 429: "1"}.get(status, "15")
        return {"message-count": "1", "messages": [{"status": code, "error-text": echo}]}
    if provider == "vonage":
        code = {401: "unauthorized", 429: "1000"}.get(status, "1020")
        page = f"https://developer.vonage.com/api-errors/messages#{code}"
        wrong = [{"name": "to", "reason": echo}]
        return {"type": page, "title": echo, "detail": echo, "invalid_parameters": wrong}
    number = {401: 2, 429: 98}.get(status, 10)
    return {"errors": [{"code": number, "description": echo, "parameter": echo}]}


def acceptance(provider: str, echo: str) -> tuple[int, Any, dict[str, str]]:
    """Write what a provider answers when it takes a message."""
    if provider == profile_answers.PROVIDER:
        return profile_answers.acceptance(echo)
    if provider == "vonage_sms":
        part = {"to": echo, "message-id": "0A1", "status": "0", "client-ref": echo}
        return 200, {"message-count": "1", "messages": [part]}, {}
    if provider == "vonage":
        return 202, {"message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "to": echo}, {}
    return 201, {"id": "efa6405d518d", "body": echo, "originator": echo}, {}
