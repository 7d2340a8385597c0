"""How the conformance kit tries an account of each profile: by a file beside it.

`profiles/conformance/<name>.toml` holds what the provider writes, with `{word}`, `{reference}`,
`{tag}`, `{at}`, `{code}` and `{text}` in the place of what is said; how it signs is its profile's.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from herald.contracts.vocabulary import FailureClass, InboundKind, Status
from herald.providers.http.conformance_signing import signing
from herald.providers.http.loading import ProfileError, find_profile, shipped, shipped_names
from herald.providers.http.profile import Profile
from herald.providers.http.webhook_rules import (
    BasicLogin,
    HeaderToken,
    PlivoV2,
    QueryToken,
)
from herald.providers.samples import EPOCH_TIMES, ISO_TIMES, as_it_is, sms
from herald.providers.subject import Subject, Table
from herald.providers.subject_sending import Answer, Error, Sending, Without, json_answer
from herald.providers.subject_webhooks import (
    FORM,
    JSON,
    Call,
    Inbound,
    Said,
    Webhooks,
)

FOLDER = files("herald.profiles") / "conformance"
COVERS_NOTHING = "its provider signs nothing: a secret says who calls, and covers nothing else"
_TIMES = {"iso": ISO_TIMES, "epoch": EPOCH_TIMES}

Data = Mapping[str, Any]


def subject_of(path: Path) -> Subject:
    """Return the subject of a profile in a file, by `<its name>.conformance.toml` beside it.

    Raises:
        ProfileError: either can't be used.
    """
    profile = find_profile(str(path), None)
    beside = path.with_suffix(".conformance.toml")
    try:
        return _subject(profile, tomllib.loads(beside.read_text()), named=str(path))
    except OSError as error:
        raise ProfileError([f"{beside}: {error.strerror}"]) from None
    except KeyError as error:
        raise ProfileError([f"{beside}: {error.args[0]} is missing"]) from None
    except (ValueError, TypeError) as error:
        raise ProfileError([f"{beside}: {error}"]) from None


def _subject(profile: Profile, data: Data, named: str | None = None) -> Subject:
    channel = profile.channels[0]
    return Subject(
        name=profile.name,
        provider="http",
        channel=channel,
        options={"profile": named or profile.name, **data["options"]},
        secrets=data["secrets"],
        sending=_sending(channel, data),
        webhooks=_webhooks(profile, data),
        tables=lambda: _tables(profile),
        exempt=_exempt(profile, data),
    )


def _sending(channel: str, data: Data) -> Sending:
    message = sms() if channel == "sms" else as_it_is(channel)
    return Sending(
        messages=(message,),
        accepted=_answer(data["accepted"]),
        references=tuple(data["accepted"]["references"]),
        errors=tuple(_error(one) for one in data["errors"]),
        throttled=_answer(data["throttled"]),
        broken=_error(data["broken"]) if "broken" in data else Without("it documents none"),
    )


def _answer(written: Data) -> Answer:
    if "json" in written:
        return json_answer(written["status"], written["json"])
    return Answer(status=written["status"], body=written.get("text", "").encode())


def _error(written: Data) -> Error:
    words = str(written.get("label") or written.get("json") or written["status"])
    failure_class = FailureClass(written["class"])
    return Error(label=words, answer=_answer(written), failure_class=failure_class)


def _webhooks(profile: Profile, data: Data) -> Webhooks | Without:
    rules = profile.webhooks
    if rules is None:
        return Without("its provider never calls us")
    event, status = data["event"], rules.status
    codes = {code: profile.errors.by_code[code] for code in event.get("codes", ())}
    return Webhooks(
        status=lambda said: _element(event, said),
        call=lambda elements: _call(event, elements, is_form=rules.fields == "form"),
        words=dict(status.by_word) if status is not None else {"message": Status.OTHER},
        codes=codes,
        failed=event.get("failed"),
        times=_TIMES.get(event.get("times", ""), Without("its provider gives no time")),
        signing=signing(profile),
        inbound=tuple(_inbound(event, one) for one in data["inbound"]),
        batch=event.get("batch", 1),
    )


def _inbound(event: Data, written: Data) -> Inbound:
    element = written["element"]
    return Inbound(
        label=written["label"],
        element=(None, element) if "query" in event else element,
        sender=written["sender"],
        text=written.get("text"),
        content=InboundKind(written.get("content", "text")),
    )


def _element(event: Data, said: Said) -> Any:
    """Write an event; with its query where the attempt comes back in that."""
    values = {
        "word": said.word,
        "reference": said.reference,
        "tag": said.tag,
        "at": said.at,
        "code": said.code,
        "text": said.text or None,
    }
    written = _filled(event["element"], values)
    if "query" not in event:
        return written
    return None if said.tag is None else urlencode({event["query"]: said.tag}), written


def _filled(part: Any, values: Data) -> Any:
    """Put values in; what there is none of is left out."""
    if isinstance(part, str) and part[:1] == "{" and part[1:-1] in values:
        return values[part[1:-1]]
    if isinstance(part, dict):
        found = {name: _filled(inner, values) for name, inner in part.items()}
        return {name: value for name, value in found.items() if value is not None}
    return part


def _call(event: Data, elements: Sequence[Any], *, is_form: bool) -> Call:
    first = elements[0]
    query = (first[0] or "") if "query" in event else ""
    written = first[1] if "query" in event else first
    if "items" in event:
        written = {event["items"]: list(elements)}
    if is_form:
        body = urlencode(written).encode()
        return Call(query=query, headers={b"content-type": FORM}, body=body)
    call = json_answer(200, written)
    return Call(query=query, headers={b"content-type": JSON}, body=call.body)


def _exempt(profile: Profile, data: Data) -> dict[str, str]:
    found: dict[str, str] = dict(data.get("exempt", {}))
    signature = profile.webhooks.signature if profile.webhooks is not None else None
    if isinstance(signature, HeaderToken | QueryToken | BasicLogin | PlivoV2):
        found["signature_covers_body"] = COVERS_NOTHING
    return found


def _tables(profile: Profile) -> Iterator[Table]:
    errors = profile.errors
    yield Table(title="errors.codes", rows=errors.by_code)
    yield Table(title="errors.texts", rows=errors.by_text)
    yield Table(title="errors.http", rows=errors.by_http)
    yield Table(title="errors.words", rows=errors.by_word)
    if profile.webhooks is not None and profile.webhooks.status is not None:
        yield Table(title="webhooks.status.words", rows=profile.webhooks.status.by_word)


def _data(name: str) -> Data:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text())


SUBJECTS = tuple(_subject(shipped(name), _data(name)) for name in shipped_names())
