"""Where the values of labels come from. None is an id, an address or a user's word. Pure."""

from __future__ import annotations

from collections.abc import Mapping

LABELS: Mapping[str, str] = {
    "account": "a configured account; `unknown` for every other, empty where none was chosen",
    "answer": "of a command: `accepted`, `duplicate`, `rejected`, `too_late`; `planned` of a dry "
    "run; of an attempt asked back: `won`, `lost`",
    "change": "`suppressed`, `unsuppressed`",
    "channel": "a configured channel; `none` where no attempt was made, `all` where every one is "
    "meant, `unknown` for every other",
    "check": "a check of `/readyz`",
    "command": "`send`, `cancel`, `resend`, `erase`, `suppress`, `unsuppress`, `replay`, "
    "`drop`, `unknown`",
    "egress": "a configured egress member",
    "country": "ISO 3166 code of the country whose calling code the recipient's number has, the "
    "largest of those that share one; `none` without one, `all` for all together",
    "exchange": "an exchange of Herald's",
    "failure_class": "a class of failures (channels.md); empty where nothing failed",
    "from_channel": "a configured channel",
    "kind": "of a receipt: `attempt`, `inbound`, `account`; of a deadline: `expiry`, `send_at`, "
    "`retry`, `start_within`, `fallback`",
    "lane": "`urgent`, `normal`, `bulk`; `none` where a command has none",
    "new": "`true`, `false`: the provider sent it again",
    "outcome": "of a message: `succeeded`, `failed`, `expired`, `cancelled`; of a webhook: see "
    "webhooks.md; of an unsubscribe link: consent.md; of what is published: `confirmed` or the kind"
    " of failure",
    "provider": "a configured account's provider; `unknown` for every other, `herald` for what "
    "unsubscribe links brought",
    "python": "Python's version",
    "queue": "a queue of Herald's; of dead letters where they came from: `commands`, `router`, "
    "`outbound`, `ingress`, `other`",
    "quota": "a configured quota of a tenant",
    "reason": "a closed set of each metric's",
    "result": "a closed set of each metric's",
    "scope": "what a limit is about: `account`, `sender`, `pair`, `egress`",
    "service": "the package of the service",
    "source": "`channel`, `webhook`, `router`, `ingress`",
    "state": "of a row of `channel.sends`: `withdrawn`, `started`, `unknown`, `recorded`; of a "
    "connection: `ready`, `missing`",
    "status": "a status of an attempt (states.md)",
    "table": "what retention empties",
    "tenant": "a configured tenant; `unknown` for every other, and where a command names none",
    "to_channel": "a configured channel",
    "version": "the service's version",
}
