"""The registry finds what a folder holds, and imports no more of it than is asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

import herald.providers
from herald.providers.registry import ACCOUNTS, NAMES, AnyAccount, webhooks_module

FOLDERS = Path(herald.providers.__file__).parent


def test_every_folder_is_registered() -> None:
    """A folder that nobody names would be dead code, and a name without a folder an error."""
    assert set(NAMES) == {path.parent.name for path in FOLDERS.glob("*/account.py")}


@pytest.mark.parametrize("name", NAMES)
def test_an_account_names_its_provider(name: str) -> None:
    """The name in the registry is the `provider` that an account is configured with."""
    assert get_args(ACCOUNTS[name].model_fields["provider"].annotation) == (name,)


@pytest.mark.parametrize("name", NAMES)
def test_a_provider_that_calls_us_says_when_it_calls_again(name: str) -> None:
    """The router waits that long after an outage, so no provider with webhooks may leave it out."""
    assert (webhooks_module(name) is None) == (ACCOUNTS[name].webhook_retry_gap is None)


def test_the_registry_imports_nothing_of_a_provider() -> None:
    """Ingress carries no HTTP client, a channel no signatures, nobody what is not configured."""
    script = (
        "import sys, herald.providers.registry as registry\n"
        "named = [f'{registry.package_of(name)}.' for name in registry.ACCOUNTS]\n"
        "print([n for n in sys.modules if n.startswith(tuple(named))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"provider": "nobody"}, "Input tag 'nobody' .* expected tags: 'whatsapp_cloud', .*'http'"),
        ({}, "Unable to extract tag using discriminator 'provider'"),
        ("twilio", "Input should be a valid dictionary"),
    ],
)
def test_an_account_of_no_provider(given: Any, said: str) -> None:
    """The error lists every provider that there is."""
    with pytest.raises(ValidationError, match=said):
        TypeAdapter(AnyAccount).validate_python(given)
