"""A message as the paths of a profile read it. Pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

from herald.contracts.content.mediums import caption_of
from herald.contracts.work import Work
from herald.providers.account import Secrets
from herald.providers.http.account import HttpAccount
from herald.providers.http.secret_values import first_secret
from herald.providers.http.webhook_rules import BasicLogin, QueryToken, WebhookRules
from herald.providers.rendered import Rendered

ATTEMPT_FIELD = "attempt"  # in the query of `callback_url`

_RICH = ("buttons", "link", "location")
_PARTS = ("text", "subject", "html", "encoding", "segments")


def message_document(
    work: Work,
    content: Rendered,
    account: HttpAccount,
    *,
    name: str,
    webhook_url: str,
    callback_url: str,
) -> dict[str, Any]:
    """Return what a profile's paths see of a message; what there is none of is None."""
    media = _media(content)
    return {
        "to": work.to,
        "recipient_name": work.recipient_name,
        "sender": work.sender,
        "attempt": work.tag,
        "attempt_id": work.attempt_id,
        "message_id": work.message_id,
        "tenant": work.tenant,
        "channel": work.channel,
        "lane": work.lane.value,
        "category": work.category.value,
        "callback_url": callback_url,
        "webhook_url": webhook_url,
        "in_reply_to": work.content.answers_for(name),
        "options": dict(account.values),
        "caption": caption_of(media[0], getattr(content, "text", None)) or None if media else None,
        "media": [_plain(file) for file in media],
        "template": _template(content, account),
        **{part: _rich(getattr(content, part, None)) for part in _RICH},
        **{part: _word(getattr(content, part, None)) for part in _PARTS},
    }


def callback_url(webhook_url: str, work: Work, rules: WebhookRules | None, secrets: Secrets) -> str:
    """Return where the provider is to report this message, with what shows that it is the one."""
    fields = {ATTEMPT_FIELD: work.tag}
    signature = rules.signature if rules is not None else None
    if isinstance(signature, QueryToken):
        fields[signature.name] = first_secret(secrets, signature.secret) or ""
    url = f"{webhook_url}?{urlencode(fields)}"
    if isinstance(signature, BasicLogin):
        names = (signature.username, signature.secret)
        login = ":".join(quote(first_secret(secrets, name) or "", safe="") for name in names)
        scheme, _, rest = url.partition("://")
        return f"{scheme}://{login}@{rest}"
    return url


def _rich(part: Any) -> Any:
    return [_plain(each) for each in part] if isinstance(part, tuple) else _plain(part)


def _template(content: Rendered, account: HttpAccount) -> Any:
    """Return the template that is sent instead of all else; one that it does not hold is none."""
    template = getattr(content, "template", None)
    return _plain(template) if template is not None and account.holds(template.name) else None


def _media(content: Rendered) -> tuple[Any, ...]:
    media = getattr(content, "media", None) or ()
    return media if isinstance(media, tuple) else (media,)


def _plain(part: Any) -> Any:
    return None if part is None else part.model_dump(mode="json")


def _word(value: Any) -> Any:
    """Return a part as JSON has it; an empty text is none."""
    if value is None or isinstance(value, int):
        return value
    return str(value) or None
