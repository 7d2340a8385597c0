"""Every provider that Herald knows, one line each; all else about it is in the folder it names.

Those of other distributions join by an entry point in the group `herald.providers`, whose value is
the package that would be their folder.

A folder's modules are imported when they are asked for, so that ingress loads no sending, a
channel no webhooks, and nobody what belongs to a provider that the configuration does not name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import PlainValidator, ValidationInfo
from pydantic_core import PydanticKnownError

from herald.providers.account import Account

if TYPE_CHECKING:
    from herald.providers.examples import Example

NAMES = (
    "whatsapp_cloud",
    "twilio",
    "vonage_sms",
    "vonage",
    "messagebird",
    "sendgrid",
    "ses",
    "postmark",
    "mailgun",
    "resend",
    "smtp",
    "smpp",
    "http",
)

GROUP = "herald.providers"
PROFILED = "http"  # the folder of all providers that have no folder, but a profile

_PACKAGE = __name__.rpartition(".")[0]
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class ProviderPackageError(ValueError):
    """A distribution's provider can't be one; the text says whose, and why."""


def _installed() -> dict[str, str]:
    """Find the packages of other distributions, by the names of their providers.

    Raises:
        ProviderPackageError: a name is taken, or is none.
    """
    found: dict[str, str] = {}
    for point in entry_points(group=GROUP):
        whose = f"provider {point.name!r} of {point.dist.name if point.dist else point.value}"
        if NAME.fullmatch(point.name) is None:
            raise ProviderPackageError(f"{whose}: a name is of small letters, digits and _")
        if point.name in NAMES or point.name in found:
            raise ProviderPackageError(f"{whose}: there is one of this name already")
        found[point.name] = point.value
    return found


_PACKAGES = {**{name: f"{_PACKAGE}.{name}" for name in NAMES}, **_installed()}


def package_of(name: str) -> str:
    """Return the package that holds all that is known of a provider."""
    return _PACKAGES[name]


def _module(name: str, part: str) -> Any:
    return import_module(f"{_PACKAGES[name]}.{part}")


def _module_or_none(name: str, part: str) -> Any | None:
    return _module(name, part) if find_spec(f"{_PACKAGES[name]}.{part}") is not None else None


def _account(name: str) -> type[Account]:
    """Import the model of a provider's accounts.

    Raises:
        ProviderPackageError: another distribution's can't be imported.
    """
    try:
        return cast("type[Account]", _module(name, "account").ACCOUNT)
    except Exception as error:
        if name in NAMES:
            raise
        why = f"{_PACKAGES[name]}.account: {type(error).__name__}: {error}"
        raise ProviderPackageError(f"provider {name!r}: {why}") from error


class _Accounts(Mapping[str, type[Account]]):
    """The models of accounts by their providers' names; each is imported when it is looked up."""

    def __getitem__(self, name: str) -> type[Account]:
        if name not in _PACKAGES:
            raise KeyError(name)
        return _account(name)

    def __contains__(self, name: object) -> bool:
        return name in _PACKAGES

    def __iter__(self) -> Iterator[str]:
        return iter(_PACKAGES)

    def __len__(self) -> int:
        return len(_PACKAGES)


ACCOUNTS = _Accounts()


def _account_of(given: Any, info: ValidationInfo) -> Account:
    """Read an account by the model of its provider, as a union of all of them would."""
    if isinstance(given, Account):
        return given
    if not isinstance(given, Mapping):
        raise PydanticKnownError("model_attributes_type")
    if "provider" not in given:
        raise PydanticKnownError("union_tag_not_found", {"discriminator": "'provider'"})
    if (name := given["provider"]) not in ACCOUNTS:
        expected = ", ".join(map(repr, ACCOUNTS))
        context = {"discriminator": "'provider'", "tag": str(name), "expected_tags": expected}
        raise PydanticKnownError("union_tag_invalid", context)
    return ACCOUNTS[name].model_validate(given, context=info.context)


# an account of any provider: its `provider` says which
AnyAccount = Annotated[Account, PlainValidator(_account_of)]


def offered() -> tuple[str, ...]:
    """Name what a new deployment may begin with: a folder's name, or a profile's."""
    from herald.providers.http.loading import shipped_names  # noqa: PLC0415  few have profiles

    return (*(name for name in ACCOUNTS if name != PROFILED), *shipped_names())


def name_clashes(accounts: Mapping[str, Account]) -> Iterator[str]:
    """Name each account whose profile is called like another provider, or another profile."""
    first: dict[str, tuple[str, Any]] = {}
    for name, account in accounts.items():
        if account.folder != PROFILED:
            continue
        rules = getattr(account, "rules", None)
        other, known = first.setdefault(account.provider, (name, rules))
        if account.provider in ACCOUNTS:
            yield f"accounts.{name}.profile: a provider is called {account.provider!r} already"
        elif known != rules and str(known) != str(rules):
            yield f"accounts.{name}.profile: that of accounts.{other} has the same name"


def example_of(name: str) -> Example:
    """Import how an account at a provider begins; `name` is one of `offered()`."""
    if name in ACCOUNTS:
        return cast("Example", _module(name, "example").EXAMPLE)
    return cast("Example", _module(PROFILED, "example").example_of(name))


def model_of(name: str) -> type[Account]:
    """Return the model of an account at a provider; `name` is one of `offered()`."""
    if name in ACCOUNTS:
        return ACCOUNTS[name]
    return cast("type[Account]", _module(PROFILED, "account").model_of(name))


def send_module(name: str) -> Any:
    """Import how a provider's API is called: a module with `make_provider`."""
    return _module(name, "send")


def conformance_module(name: str) -> Any | None:
    """Import how a provider is tried: a module with `SUBJECTS`; None: nobody wrote it."""
    return _module_or_none(name, "conformance")


def webhooks_module(name: str) -> Any | None:
    """Import how a provider calls us: `make_endpoint` and `make_decoy`; None: it never does."""
    return _module_or_none(name, "webhooks")
