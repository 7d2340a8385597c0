"""The blocks of pages that are made from profiles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from herald.providers.http.checks import EVENT, MESSAGE, RESPONSE
from herald.providers.http.expressions import BUILT_IN, OURS
from herald.providers.http.loading import shipped, shipped_names, source_of
from tables import table

# what paths of `[send]` read
_MEANINGS = {
    "to": "the recipient's address on the channel",
    "recipient_name": "their name",
    "sender": "the sender profile's entry for the channel",
    "text": "the text",
    "subject": "the subject",
    "html": "the HTML",
    "media": "the files: a list of `{url, kind, caption, filename}`",
    "caption": "the text with the first file's caption, where there is a file",
    "buttons": "what can be tapped: a list of `{id, title}`",
    "link": "a page to open: `{title, url}`",
    "location": "a place: `{latitude, longitude, name, address}`",
    "template": "the template that the account holds: `{name, language, variables}`",
    "attempt": "the attempt's name, to be carried back",
    "attempt_id": "the attempt's id alone",
    "message_id": "the message's id",
    "tenant": "whose message it is",
    "channel": "the channel",
    "lane": "`urgent`, `normal` or `bulk`",
    "category": "`otp`, `transactional` or `marketing`",
    "callback_url": "where to report this message: with `attempt`, and a token or login",
    "webhook_url": "where the account's webhooks arrive, bare",
    "encoding": "of an SMS: its encoding",
    "segments": "of an SMS: how many it takes",
    "in_reply_to": "the provider's id of the message that it answers",
    "options": "the account's options, by name",
}
_ANSWER = {
    "status": "the HTTP status",
    "body": "the body, as JSON",
    "headers": "the headers, names in small letters",
}
_REQUEST = {
    "event": "the element",
    "body": "the whole body: JSON, or the fields of a form, or of a GET's query",
    "query": "the fields of the query",
    "headers": "the headers, names in small letters",
}


def profile_names(place: str) -> str:
    """Return what paths read at a place: `message`, `response` or `event`."""
    known, meanings = {
        "message": (MESSAGE, _MEANINGS),
        "response": (RESPONSE, _ANSWER),
        "event": (EVENT, _REQUEST),
    }[place]
    assert set(known) == set(meanings), "every name has a meaning"
    return table(("name", "what it is"), [[f"`{name}`", what] for name, what in meanings.items()])


def profile_functions() -> str:
    """Name the functions of paths."""
    return f"{_listed(BUILT_IN)} of JMESPath; {_listed(OURS)} of Herald."


def profile(name: str) -> str:
    """Return a profile as it ships."""
    return f"```toml\n{source_of(name).strip()}\n```"


def profile_options(name: str) -> str:
    """Return the options and secrets of a profile's accounts."""
    rules = shipped(name)
    rows = [
        [
            f"`{option}`",
            "herald.toml",
            "required" if of.default is None else f"`{of.default.source}`",
            of.about,
        ]
        for option, of in rules.options.items()
    ]
    rows += [
        [
            f"`{secret}`" + (" (a list)" if held.several else ""),
            "its secrets file",
            "" if held.optional else "required",
            held.about,
        ]
        for secret, held in rules.secrets.items()
    ]
    return table(("option", "in", "default", "meaning"), rows)


def profile_statuses(name: str) -> str:
    """Return what a profile's words become."""
    webhooks = shipped(name).webhooks
    if webhooks is None or webhooks.status is None:
        return "None: it reports nothing after it took a message."
    rows = [[f"`{word}`", f"`{status}`"] for word, status in webhooks.status.by_word.items()]
    return table(("its word", "Herald's"), rows)


def profile_codes(name: str) -> str:
    """Return what a profile's errors mean."""
    errors = shipped(name).errors
    notes = _notes(source_of(name))
    kinds: Mapping[str, Mapping[str, str]] = {
        "text": errors.by_text,
        "code": errors.by_code,
        "HTTP status": errors.by_http,
        "status without a code": errors.by_word,
    }
    rows = []
    for kind, words in kinds.items():
        for each in dict.fromkeys(words.values()):
            codes = ", ".join(f"`{code}`" for code, of in words.items() if of == each)
            note = notes.get(str(each), "") if kind == "code" else ""
            rows.append([kind, codes, f"`{each}`", note])
    return table(("by", "which", "class", "meaning"), rows)


def profiles() -> str:
    """Name the profiles that ship."""
    rows = [
        [
            f"[`{name}`](providers/{name}.md)",
            ", ".join(f"`{channel}`" for channel in shipped(name).channels),
            f"`{shipped(name).receipts}`",
            str(len(source_of(name).splitlines())),
        ]
        for name in shipped_names()
    ]
    return table(("profile", "channel", "reports", "lines"), rows)


def _notes(source: str) -> dict[str, str]:
    """Read what is said beside the classes of codes."""
    found = re.findall(r"^(?:codes\.)?(\w+) = \[.*\] # (.+)$", source, re.MULTILINE)
    return dict(found)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


PROFILE_BLOCKS: Mapping[str, Callable[..., str]] = {
    "profile": profile,
    "profiles": profiles,
    "profile_names": profile_names,
    "profile_functions": profile_functions,
    "profile_options": profile_options,
    "profile_statuses": profile_statuses,
    "profile_codes": profile_codes,
}
