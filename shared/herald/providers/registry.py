"""Every provider that Herald knows, one line each; all else about it is in the folder it names.

A folder's modules are imported when they are asked for, so that ingress loads no sending and a
channel no webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from importlib import import_module
from importlib.util import find_spec
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, cast

from pydantic import Field

from herald.providers.account import Account
from herald.providers.examples import Example

NAMES = (
    "whatsapp_cloud",
    "twilio",
    "vonage_sms",
    "sendgrid",
    "postmark",
    "smtp",
)

_PACKAGE = __name__.rpartition(".")[0]


def _module(name: str, part: str) -> Any:
    return import_module(f"{_PACKAGE}.{name}.{part}")


ACCOUNTS: Mapping[str, type[Account]] = {
    name: cast("type[Account]", _module(name, "account").ACCOUNT) for name in NAMES
}

# an account of any provider: its `provider` says which
if TYPE_CHECKING:
    AnyAccount = Account
else:
    AnyAccount = Annotated[reduce(or_, ACCOUNTS.values()), Field(discriminator="provider")]


def example_of(name: str) -> Example:
    """Import how an account at a provider begins."""
    return cast("Example", _module(name, "example").EXAMPLE)


def send_module(name: str) -> Any:
    """Import how a provider's API is called: a module with `make_provider`."""
    return _module(name, "send")


def conformance_module(name: str) -> Any | None:
    """Import how a provider is tried: a module with `SUBJECTS`; None: nobody wrote it."""
    has_subjects = find_spec(f"{_PACKAGE}.{name}.conformance") is not None
    return _module(name, "conformance") if has_subjects else None


def webhooks_module(name: str) -> Any | None:
    """Import how a provider calls us: `make_endpoint` and `make_decoy`; None: it never does."""
    has_webhooks = find_spec(f"{_PACKAGE}.{name}.webhooks") is not None
    return _module(name, "webhooks") if has_webhooks else None
