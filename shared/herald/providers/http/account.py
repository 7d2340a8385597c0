"""An account at a provider that a profile describes: its options and secrets are the profile's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import ModelWrapValidatorHandler, ValidationError, ValidationInfo, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from herald.contracts.content.mediums import Medium
from herald.contracts.identifiers import ChannelName
from herald.contracts.vocabulary import Receipts
from herald.providers.account import PROFILE_FOLDER, Account
from herald.providers.http.loading import ProfileError, find_profile, shipped
from herald.providers.http.models import account_model, profile_rates
from herald.providers.http.placeholders import resolved
from herald.providers.http.profile import Profile
from herald.providers.rates import RateProfile
from herald.providers.servers import Server


class HttpAccount(Account):
    """One account at a provider that a profile describes."""

    rules: ClassVar[Profile]
    # of one whose profile says nothing else
    webhook_retry_gap: ClassVar[timedelta | None] = timedelta(seconds=60)

    provider: Literal["http"]  # `http`
    profile: str  # a profile's name, or the path of one beside herald.toml
    channel: ChannelName  # one that the profile names

    @model_validator(mode="wrap")
    @classmethod
    def _as_its_profile_says(
        cls, given: Any, handler: ModelWrapValidatorHandler[HttpAccount], info: ValidationInfo
    ) -> HttpAccount:
        if cls is not HttpAccount or not isinstance(given, Mapping):
            return handler(given)
        named, folder = given.get("profile"), (info.context or {}).get(PROFILE_FOLDER)
        if not isinstance(named, str):
            return handler(given)
        try:
            profile = find_profile(named, folder if isinstance(folder, Path) else None)
        except ProfileError as error:
            raise _at_the_profile(error.problems) from None
        model = account_model(cls, profile)
        return model.model_validate({**given, "provider": profile.name}, context=info.context)

    @classmethod
    def profile_for(cls, kind: str | None, channel: str) -> RateProfile:  # noqa: ARG003
        """Return what the platform allows such a number."""
        return profile_rates(cls.rules, kind)

    @property
    def folder(self) -> str:
        return "http"

    @property
    def receipts(self) -> Receipts:
        return self.rules.receipts

    @property
    def service_window(self) -> timedelta | None:
        return self.rules.service_window

    @property
    def says(self) -> frozenset[str]:
        return frozenset(self.rules.rich)

    @property
    def medium(self) -> Medium | None:
        return self.rules.medium

    @cached_property
    def values(self) -> dict[str, str]:
        """The options, those with a default too."""
        given = {name: getattr(self, name) for name in self.rules.options}
        defaults = {name: option.default for name, option in self.rules.options.items()}
        return resolved(
            {name: text for name, text in defaults.items() if text is not None},
            {name: value for name, value in given.items() if value is not None},
        )

    @property
    def server(self) -> Server:
        """What its calls connect to."""
        unknown = dict.fromkeys(self.rules.send.url.names, "")
        url = urlsplit(self.rules.send.url.filled({**unknown, **self.values}))
        is_tls = url.scheme == "https"
        return Server(url.hostname or "", url.port or (443 if is_tls else 80), is_tls)


def model_of(name: str) -> type[HttpAccount]:
    """Return the model of accounts with a profile that ships with Herald."""
    return account_model(HttpAccount, shipped(name))


def _at_the_profile(problems: list[str]) -> ValidationError:
    details: list[InitErrorDetails] = [
        InitErrorDetails(
            type=PydanticCustomError("profile", "{problem}", {"problem": problem}),
            loc=("profile",),
            input=None,
        )
        for problem in problems
    ]
    return ValidationError.from_exception_data("HttpAccount", details)


ACCOUNT = HttpAccount
