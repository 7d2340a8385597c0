"""Which numbers an account is for: those of countries, or with prefixes; the nearest wins. Pure."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from typing import Annotated

from phonenumbers.phonenumberutil import (
    SUPPORTED_REGIONS,
    NumberParseException,
    country_code_for_region,
    parse,
    region_code_for_number,
    region_codes_for_country_code,
)
from pydantic import AfterValidator, StringConstraints

Prefix = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{0,14}$")]

ANYWHERE = 0  # how near an account is that takes every address


def _known_country(code: str) -> str:
    if code not in SUPPORTED_REGIONS:
        raise ValueError(f"{code!r} is no country's code (ISO 3166-1, such as DE)")
    return code


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_known_country)]


def nearness(address: str, prefixes: Collection[str], countries: Collection[str]) -> int | None:
    """Return how near an account is to an address: more for a longer prefix; None: it isn't for it.

    A country counts a little more than its calling code as a prefix: `+1` is of several.
    """
    if not prefixes and not countries:
        return ANYWHERE
    if not address.startswith("+"):
        return None
    found = [2 * (len(prefix) - 1) for prefix in prefixes if address.startswith(prefix)]
    country = country_of(address) if countries else None
    if country is not None and country in countries:
        found.append(2 * len(str(country_code_for_region(country))) + 1)
    return max(found, default=None)


@lru_cache(maxsize=4096)
def country_of(number: str) -> str | None:
    """Return the country of a number in E.164 (ISO 3166-1); None where it belongs to none."""
    try:
        parsed = parse(number)
    except NumberParseException:
        return None
    country: str | None = region_code_for_number(parsed)
    if country is not None:
        return country
    # possible, and not in the plan that the library knows: by its calling code alone
    regions = region_codes_for_country_code(parsed.country_code or 0)
    return regions[0] if len(regions) == 1 else None
