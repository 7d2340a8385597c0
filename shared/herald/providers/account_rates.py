"""How fast an account may be called: its platform's profile, and what configuration says instead.

A number that contradicts another one is an error at the field that can't be meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

from pydantic import BaseModel, ValidationInfo, field_validator

from herald.providers.budgets import Allowance, Allowances
from herald.providers.rates import NO_LIMIT, RateProfile, written


class AccountRates(BaseModel):
    """The rules for the rates of an account; `Account` has the fields."""

    profiles: ClassVar[Mapping[str, RateProfile]] = {}  # by the kind of its numbers

    @classmethod
    def profile_for(cls, kind: str | None, channel: str) -> RateProfile:
        """Return what the platform allows an account with numbers of this kind; None: unknown."""
        raise NotImplementedError

    @cached_property
    def allowances(self) -> Allowances:
        """What it may do."""
        given = cast("Any", self)  # the fields are those of `Account`
        profile = self.profile_for(given.number_kind, given.channel)
        return Allowances(
            account=Allowance.of(given.rate, given.burst),
            sender=_sender_allowance(given, profile),
            pair=_pair_allowance(given, profile.pair),
            egress=None if given.egress_rate is None else Allowance.of(given.egress_rate),
        )

    @field_validator("number_kind", check_fields=False)
    @classmethod
    def _known_kind(cls, kind: str | None) -> str | None:
        if kind is not None and not cls.profiles:
            raise ValueError("this provider has no kinds of numbers")
        if kind is not None and kind not in cls.profiles:
            raise ValueError(f"use one of {', '.join(cls.profiles)}")
        return kind

    @field_validator("sender_rate", check_fields=False)
    @classmethod
    def _within_the_account(cls, rate: float | None, info: ValidationInfo) -> float | None:
        whole = info.data.get("rate")
        if rate is not None and whole is not None and rate > whole:
            raise ValueError(
                f"above the account's own rate, {written(whole)}: nothing could use it"
            )
        return rate

    @field_validator("pair_rate", check_fields=False)
    @classmethod
    def _within_the_sender(
        cls, rate: float | Literal["none"] | None, info: ValidationInfo
    ) -> float | Literal["none"] | None:
        whole = info.data.get("sender_rate") or info.data.get("rate")
        if isinstance(rate, float) and whole is not None and rate > whole:
            raise ValueError(
                f"above the rate of all recipients together, {written(whole)}: nothing could use it"
            )
        return rate

    @field_validator("pair_burst", check_fields=False)
    @classmethod
    def _of_a_pair(cls, burst: float | None, info: ValidationInfo) -> float | None:
        if burst is None or "pair_rate" not in info.data:
            return burst
        rate = info.data["pair_rate"]
        profile = cls.profile_for(info.data.get("number_kind"), info.data.get("channel", ""))
        if rate == NO_LIMIT or (rate is None and profile.pair is None):
            raise ValueError("there is no limit for one recipient: set pair_rate")
        return burst

    @field_validator("egress_share", check_fields=False)
    @classmethod
    def _of_an_egress_rate(cls, share: float, info: ValidationInfo) -> float:
        if "egress_rate" in info.data and info.data["egress_rate"] is None:
            raise ValueError("a share of nothing: set egress_rate")
        return share


def egress_rate_problems(accounts: Mapping[str, AccountRates]) -> Iterator[str]:
    """Name each account that gives an egress address another rate than one at its provider does."""
    first: dict[str, tuple[str, float]] = {}
    for name, account in accounts.items():
        given = cast("Any", account)
        if given.egress_rate is None:
            continue
        other, rate = first.setdefault(given.provider, (name, given.egress_rate))
        if given.egress_rate != rate:
            yield f"accounts.{name}.egress_rate: accounts.{other} says {written(rate)}"


def _sender_allowance(given: Any, profile: RateProfile) -> Allowance | None:
    """Limit each sender where configuration says how far, or says what kind of numbers they are.

    Without either, the account is taken for one number, as far as anybody knows.
    """
    if given.sender_rate is not None:
        return Allowance.of(given.sender_rate)
    if given.number_kind is None or profile.sender_rate is None:
        return None
    return Allowance.of(min(profile.sender_rate, given.rate))


def _pair_allowance(given: Any, documented: Allowance | None) -> Allowance | None:
    if given.pair_rate == NO_LIMIT:
        return None
    burst = given.pair_burst or (documented.burst if documented is not None else 1.0)
    if given.pair_rate is not None:
        return Allowance(given.pair_rate, burst)
    return None if documented is None else Allowance(documented.rate, burst)
