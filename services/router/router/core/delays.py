"""How long deliveries take, and how long to wait for one before the next channel is tried. Pure.

Delays are counted in a few fixed buckets for each provider, channel and country, by day. From them
comes the time in which 95 of 100 deliveries were reported: `fallback_after = "auto"`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec import Struct
from phonenumbers.phonenumberutil import COUNTRY_CODE_TO_REGION_CODE

from herald.config.fallback import FallbackRules

# Upper bounds in seconds; one more bucket has all that took longer. They are stored by place: a
# change needs another column.
BOUNDS = (1, 2, 3, 5, 8, 12, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 7200)
BUCKETS = len(BOUNDS) + 1
SHARE = 0.95
ANYWHERE = "all"  # in place of a country: all of them together
NOWHERE = "none"  # of an address without one, such as an e-mail's
_LONGEST_CODE = 3
_WORLD = "001"  # the region of codes that belong to no country


class Way(Struct, frozen=True, order=True):
    """What delays are counted by."""

    provider: str
    channel: str
    country: str


class Learned(Struct, frozen=True):
    """In which time SHARE of so many deliveries were reported."""

    wait: timedelta
    deliveries: int


def bucket_of(seconds: float) -> int:
    """Return the place of the bucket that a delay is counted in."""
    return bisect_left(BOUNDS, seconds)


def quantile(counts: Sequence[int], share: float = SHARE) -> float | None:
    """Return the delay that `share` of the counted ones do not exceed; None: none was counted.

    Within a bucket they are taken to lie evenly; of the last one only the start is known.
    """
    total = sum(counts)
    if total == 0:
        return None
    wanted, before, start = share * total, 0, 0.0
    for count, bound in zip(counts, BOUNDS, strict=False):
        if count and before + count >= wanted:
            return start + (bound - start) * (wanted - before) / count
        before, start = before + count, float(bound)
    return start


def country_of(address: str) -> str:
    """Return the country of a number by its calling code; where several share one, the largest."""
    if not address.startswith("+"):
        return address[:2] if address[2:3] == "." and address[:2].isupper() else NOWHERE
    for length in range(1, _LONGEST_CODE + 1):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(_number(address[1 : length + 1]))
        if regions:
            return NOWHERE if regions[0] == _WORLD else regions[0]
    return NOWHERE


def learn(counted: Mapping[Way, Sequence[int]], rules: FallbackRules) -> dict[Way, Learned]:
    """Learn from counts how long to wait, by country and anywhere, where there are enough."""
    sums: dict[Way, list[int]] = {}
    for way, counts in counted.items():
        for country in (way.country, ANYWHERE):
            into = sums.setdefault(Way(way.provider, way.channel, country), [0] * BUCKETS)
            into[:] = [sum(pair) for pair in zip(into, counts, strict=False)]
    return {
        way: Learned(wait=_bounded(seconds, rules), deliveries=sum(counts))
        for way, counts in sums.items()
        if sum(counts) >= rules.deliveries and (seconds := quantile(counts)) is not None
    }


def best_known(
    learned: Mapping[Way, Learned], providers: Sequence[str], channel: str, country: str
) -> Learned | None:
    """Return what is known of a step: of its country, or else of any; the longest of its providers.

    None: of one of them too little is known.
    """
    known = [
        learned.get(Way(provider, channel, country))
        or learned.get(Way(provider, channel, ANYWHERE))
        for provider in sorted(set(providers))
    ]
    found = [one for one in known if one is not None]
    if not found or len(found) < len(known):
        return None
    return max(found, key=lambda one: one.wait)


def _bounded(seconds: float, rules: FallbackRules) -> timedelta:
    wait = timedelta(seconds=round(seconds, 1))
    return min(max(wait, rules.shortest), rules.longest)


def _number(digits: str) -> int:
    return int(digits) if digits.isdecimal() else 0
