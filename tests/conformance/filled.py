"""What a developer writes into a new provider's files: each edit in its file, old and new."""

from __future__ import annotations

from pathlib import Path

Edits = dict[str, list[tuple[str, str]]]

IMAGINARY: Edits = {
    "errors.py": [
        (
            "FAILURE_CLASSES: dict[int, FailureClass] = {}",
            """FAILURE_CLASSES: dict[int, FailureClass] = {
    1001: FailureClass.UNREACHABLE,  # no such number
    1002: FailureClass.OPTED_OUT,
    1003: FailureClass.AUTH,
    1004: FailureClass.RATE_LIMITED,
    1005: FailureClass.TRANSIENT,
}""",
        ),
        (
            "SCOPES: dict[int, Scope] = {}",
            "SCOPES: dict[int, Scope] = {1004: Scope.ACCOUNT}",
        ),
    ],
    "signature.py": [
        (
            "    return False\n",
            """    expected = (hmac.digest(it, body, "sha256").hex().encode() for it in secrets)
    return header is not None and any_equal(header, expected)
""",
        ),
        (
            "from collections.abc import Iterable\n",
            """import hmac
from collections.abc import Iterable

from herald.providers.signatures import any_equal
""",
        ),
    ],
    "webhooks.py": [
        (
            "STATUSES: dict[str, Status] = {}",
            """STATUSES: dict[str, Status] = {
    "sent": Status.SENT,
    "delivered": Status.DELIVERED,
    "failed": Status.FAILED,
}
KEPT = frozenset({"id", "status", "timestamp", "reference"})""",
        ),
        (
            "    raise NotUnderstoodError(Reason.SHAPE)\n",
            """    status = mapping(element)
    word = text(status, "status")
    if word is None:
        raise NotUnderstoodError(Reason.SHAPE)
    known, ours = STATUSES.get(word, Status.OTHER), carried(status.get("reference"))
    return AttemptReceipt(
        source="webhook",
        channel=CHANNEL,
        provider=NAME,
        account=endpoint.account,
        attempt_id=ours.attempt_id,
        lane=ours.lane,
        references=(reference(status, "id"),),
        status=known,
        event_key=event_key(word, text(status, "timestamp") or ""),
        failure=_failure(part(status, "error")) if known is Status.FAILED else None,
        occurred_at=moment(status.get("timestamp")),
        received_at=request.received_at,
        element=kept_fields(status, KEPT, len(request.body)),
    )


def _failure(error: Mapping[str, Any]) -> Failure:
    code = whole_number(error.get("code"))
    if code is None:
        return Failure.of(FailureClass.PERMANENT)
    return Failure.of(classify(code), code, text(error, "message") or "")
""",
        ),
        (
            "from herald.providers.lenient_json import NotUnderstoodError, Reason\n",
            """from herald.contracts.failures import Failure
from herald.contracts.vocabulary import FailureClass
from herald.providers.lenient_json import (
    NotUnderstoodError, Reason, carried, event_key, kept_fields, mapping, moment, part, reference,
    text, whole_number,
)
from herald_mine.errors import classify
""",
        ),
    ],
    "send.py": [
        (
            """return HttpRequest(
        url=f"{context.account.base_url}/messages", headers={}, body=b"{}"
    )""",
            """key = context.credentials.current.api_key.get_secret_value()
    document = {
        "to": work.to, "from": work.sender, "text": content.text, "reference": work.tag
    }
    return HttpRequest(
        url=f"{context.account.base_url}/messages",
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        body=to_json(document),
    )""",
        ),
        (
            "    return unexplained(response)\n",
            """    document = response.document()
    error, reference = document.get("error"), document.get("id")
    if isinstance(error, dict) and isinstance(error.get("code"), int):
        code = error["code"]
        failure = Failure.of(
            classify(code, response.status), code, str(error.get("message") or ""),
            retry_after=asked_wait(response),
        )
        return Refused(failure, element={"code": code}, scope=SCOPES.get(code))
    if response.status == 202 and isinstance(reference, str) and reference:
        return Accepted((reference,), element={"id": reference})
    return unexplained(response)
""",
        ),
        (
            "import Provider, ProviderContext, SendResult\n",
            """import (
    Accepted, Provider, ProviderContext, Refused, SendResult,
)
from herald.contracts.failures import Failure
from herald.providers.responses import asked_wait
from herald_mine.errors import SCOPES, classify
from pydantic_core import to_json
""",
        ),
    ],
}


def fill_in(package: Path, edits: Edits) -> None:
    """Make the edits, each of which must find its place."""
    for name, changes in edits.items():
        text = (package / name).read_text()
        for old, new in changes:
            assert old in text, f"{name}: {old}"
            text = text.replace(old, new)
        (package / name).write_text(text)
