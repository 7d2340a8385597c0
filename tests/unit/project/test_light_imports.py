"""Services start without what only some configurations need: it takes memory and time of each."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any

import pytest

from herald.providers.registry import NAMES

# by a service's main module: how many blocks of memory its imports may take, 3 % more than they do
SERVICES = {
    "router.running": 315_000,
    "ingress.running": 277_000,
    "channel_sms.app": 310_000,
}
# libraries that are imported once they are wanted
LATER = {
    "cryptography",  # an account signs, or somebody signs for it
    "jwt",  # a provider signs with tokens
    "anyascii",  # a text is transliterated
    "jinja2",  # herald.toml has templates
    "jmespath",  # an account has a profile
    "phonenumbers.timezone",  # there are quiet hours
    "email_validator.rfc_constants",  # there is a mail address
    "python_socks",  # calls go through a SOCKS5 proxy
    # never
    "rich",
    "pygments",
    "click",
    "typer",
    "html.entities",
    "phonenumbers.phonenumbermatcher",
    "unittest.case",
    "uvicorn.main",
}
ACCOUNTS = {f"herald.providers.{name}.account" for name in NAMES}  # `herald.toml` names some
ELSEWHERE = {
    "router.running": {"python_multipart", "router.publications"},
    "ingress.running": {"asyncpg", "herald.contracts.work", "ingress.publications"},
    "channel_sms.app": {"email.headerregistry", "herald.channel.publications"},
}
DECOYS = "from ingress.endpoints import Endpoints; Endpoints([])"
PROGRAM = """
import gc, json, sys
from importlib import import_module
from herald.service.lean_imports import leave_out
leave_out()
import_module(sys.argv[1])
exec(sys.argv[2])
gc.collect()
print(json.dumps({"modules": list(sys.modules), "blocks": sys.getallocatedblocks()}))
"""


@cache
def _imported(service: str, then: str = "") -> dict[str, Any]:
    """Import a service in a process of its own, then run some code."""
    command = [sys.executable, "-c", PROGRAM, service, then]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_not_wanted_is_not_imported(service: str) -> None:
    """The import of a service brings none of these."""
    unwanted = LATER | ACCOUNTS | ELSEWHERE.get(service, set())
    assert unwanted.intersection(_imported(service)["modules"]) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_imports_take_no_more_memory_than_they_did(service: str) -> None:
    """Python counts its blocks of memory: a library more shows, and the machine does not."""
    assert _imported(service)["blocks"] <= SERVICES[service]


def test_nobodys_accounts_need_no_cryptography() -> None:
    """Ingress has a decoy for every provider before anybody calls: none brings these."""
    modules = _imported("ingress.app", DECOYS)["modules"]
    assert {"cryptography", "jwt"}.intersection(modules) == set()


def test_nobodys_accounts_need_no_models() -> None:
    """Nor does a decoy bring models of work, or of accounts but for what profiles share."""
    unwanted = ACCOUNTS - {"herald.providers.http.account"} | {"herald.contracts.work"}
    assert unwanted.intersection(_imported("ingress.app", DECOYS)["modules"]) == set()


def test_garbage_is_collected_again_once_a_service_serves() -> None:
    """Imports run without the collector, and a service with it: cycles would fill its memory.

    What imports made is looked through neither then nor later.
    """
    program = (
        "import gc\n"
        "from herald.service.lean_imports import leave_out\n"
        "looked = []; gc.callbacks.append(lambda phase, found: looked.append(phase))\n"
        "leave_out(); before = gc.isenabled()\n"
        "from herald.service.serving import _spare_the_collector\n"
        "_spare_the_collector()\n"
        "print(before, gc.isenabled(), looked, gc.get_freeze_count() > 1000)\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["False", "True", "[]", "True"]
