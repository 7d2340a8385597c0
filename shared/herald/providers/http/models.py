"""The models of a profile's accounts: its options are fields, its secrets those of a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, create_model

from herald.contracts.identifiers import ChannelName
from herald.providers.account import (
    Account,
    BaseUrl,
    NonEmptySecret,
    Secrets,
    refuse_cleartext,
)
from herald.providers.budgets import Allowance
from herald.providers.http.profile import Option, Profile, Rates
from herald.providers.rates import NO_LIMIT, Rate, RateProfile

_AccountT = TypeVar("_AccountT", bound=Account)


def account_model(base: type[_AccountT], profile: Profile) -> type[_AccountT]:
    """Make the model of accounts with a profile."""
    fields: dict[str, Any] = {
        "provider": (Literal[profile.name], ...),
        "channel": _channel(profile),
        "rate": (Rate, Field(default_factory=lambda given: _rate(profile, given))),
        "egress_rate": (Rate | None, profile.rates.egress),
        **{name: _option(option) for name, option in profile.options.items()},
    }
    model: Any = create_model(f"{_capital(profile.name)}Account", __base__=base, **fields)
    model.__doc__ = f"One account of {profile.title}."
    model.rules = profile
    model.secrets_model = secrets_model(profile)
    model.webhook_retry_gap = profile.webhooks.retry_gap if profile.webhooks else None
    model.template_prefix = profile.templates
    model.answers = profile.answers
    model.profiles = {kind: _profile(rates) for kind, rates in profile.kinds.items()}
    return model  # type: ignore[no-any-return]  # made here


def secrets_model(profile: Profile) -> type[Secrets]:
    """Make the model of a secrets file."""
    fields: dict[str, Any] = {}
    for name, secret in profile.secrets.items():
        if secret.several:
            fields[name] = (tuple[NonEmptySecret, ...], Field(min_length=1))
        else:
            fields[name] = (
                (NonEmptySecret | None, None) if secret.optional else (NonEmptySecret, ...)
            )
    return create_model(f"{_capital(profile.name)}Secrets", __base__=Secrets, **fields)


def profile_rates(profile: Profile, kind: str | None) -> RateProfile:
    """Return what a platform allows numbers of a kind; None: as its profile says of all."""
    return _profile(profile.kinds.get(kind or "", profile.rates))


def _rate(profile: Profile, given: dict[str, Any]) -> float:
    return profile_rates(profile, given.get("number_kind")).rate


def _profile(rates: Rates) -> RateProfile:
    has_pair = rates.pair is not None and rates.pair != NO_LIMIT
    return RateProfile(
        rate=rates.account,
        sender_rate=rates.sender,
        pair=Allowance(float(rates.pair), rates.pair_burst) if has_pair else None,  # type: ignore[arg-type]
    )


def _channel(profile: Profile) -> tuple[Any, Any]:
    channel: Any = Literal[profile.channels]
    default = profile.channels[0] if len(profile.channels) == 1 else ...
    return Annotated[channel, ChannelName], default


def _option(option: Option) -> tuple[Any, Any]:
    kind: Any = Annotated[BaseUrl, AfterValidator(_encrypted)] if option.kind == "url" else str
    default: Any = ... if option.default is None else None
    described = Field(
        default=default, description=option.about, pattern=option.pattern, min_length=1
    )
    return (kind if default is ... else kind | None), described


def _encrypted(url: str, info: ValidationInfo) -> str:
    return refuse_cleartext(url, info.data.get("allow_cleartext"))


def _capital(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
