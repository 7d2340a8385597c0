"""How often Twilio calls a webhook, as the fragment of its URL says.

Source: Twilio, "Webhooks (HTTP callbacks): Connection Overrides". The pauses between its tries are
not documented; these fill the 15 s that it gives a callback in all.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from urllib.parse import parse_qs

from sandbox.webhooks import UNANSWERED

PAUSES = (0.5, 1.0, 2.0, 4.0, 7.0)
DEFAULT_RETRIES, DEFAULT_POLICY = "1", "ct"

# What is tried again. A refused connection (ct) and a silent one (rt) are one and the same here.
POLICIES: dict[str, frozenset[int]] = {
    "ct": frozenset({UNANSWERED}),
    "rt": frozenset({UNANSWERED}),
    "4xx": frozenset(range(400, 500)),
    "5xx": frozenset(range(500, 600)),
}
POLICIES["all"] = frozenset().union(*POLICIES.values())


@dataclass(frozen=True, slots=True)
class Overrides:
    """`retries`: seconds before each further try. `final_statuses`: there is none after them."""

    retries: tuple[float, ...]
    final_statuses: Container[int]


def overrides_of(fragment: str, pauses: tuple[float, ...] = PAUSES) -> Overrides:
    """Read a fragment, without its `#`; what is missing or wrong in it is the default."""
    given = {name: values[-1] for name, values in parse_qs(fragment).items()}
    number = given.get("rc", DEFAULT_RETRIES)
    retries = pauses[: int(number if number.isdigit() else DEFAULT_RETRIES)]
    policy = given.get("rp", DEFAULT_POLICY).split(",")
    again = frozenset[int]().union(*(POLICIES.get(word, frozenset()) for word in policy))
    return Overrides(retries, frozenset(range(1000)) - again)
