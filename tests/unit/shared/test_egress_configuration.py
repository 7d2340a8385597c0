"""`[egress]`: what fits, and what is named where it does not."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_core import to_json

from herald.config.file import HeraldFile
from herald.config.validation_messages import describe
from herald.egress.configuration import ProxySecrets

ACCOUNT = {"provider": "twilio", "account_sid": "AC" + "0" * 32}
PROXY = {"kind": "http", "host": "127.0.0.1", "port": 3128}


def read(rules: dict[str, Any], /, **account: Any) -> HeraldFile:
    document = {
        "tenants": {"default": {}},
        "routes": {"default": {"steps": [{"channel": "sms"}]}},
        "accounts": {"main": {**ACCOUNT, **account}},
        "egress": rules,
    }
    return HeraldFile.model_validate_json(to_json(document))


def complaints(rules: dict[str, Any], /, **account: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        read(rules, **account)
    return "\n".join(describe(caught.value))


def test_accounts_go_by_a_pool_a_member_or_the_default() -> None:
    rules = {"members": {"a": PROXY, "b": {"kind": "direct"}}, "pools": {"eu": {"members": ["a"]}}}
    for egress, default, expected in (
        (None, None, None),
        (None, "eu", ("a",)),
        ("b", "eu", ("b",)),
        ("eu", None, ("a",)),
    ):
        file = read(rules | ({"default": default} if default else {}), egress=egress)
        pool = file.egress.pool_of(file.accounts["main"])
        assert (None if pool is None else pool.members) == expected


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ({"kind": "http", "host": "proxy"}, "host and port are missing"),
        ({"kind": "direct", "host": "proxy"}, "kind is direct"),
        ({"kind": "direct", "local_address": "here"}, "local_address"),
        (PROXY | {"local_address": "127.0.0.2"}, "local_address is for kind direct"),
        (PROXY | {"host": "proxy", "secrets_file": "x"}, "allow_cleartext"),
        (PROXY | {"port": 0}, "egress.members.a.port"),
        (PROXY | {"kind": "socks4"}, "egress.members.a.kind"),
        (PROXY | {"url": "http://user:secret@proxy"}, "egress.members.a.url"),
    ],
)
def test_a_member_that_makes_no_sense_is_named(member: dict[str, Any], said: str) -> None:
    text = complaints({"members": {"a": member}})
    assert "egress.members.a" in text
    assert said in text
    assert "secret@" not in text


@pytest.mark.parametrize(
    ("egress", "account", "said"),
    [
        ({"pools": {"p": {"members": ["x"]}}}, {}, "egress.pools.p.members: no member 'x'"),
        ({"pools": {"p": {"members": []}}}, {}, "egress.pools.p.members"),
        ({"default": "x"}, {}, "egress.default: no pool or member 'x'"),
        ({}, {"egress": "x"}, "accounts.main.egress: no pool or member 'x'"),
        ({}, {"egress_rate": "5/s"}, "accounts.main.egress_rate: it goes by no egress"),
        (
            {"members": {"a": PROXY}, "pools": {"a": {"members": ["a"]}}},
            {},
            "egress.pools.a: a member has this name",
        ),
        (
            {"members": {"a": PROXY}, "pools": {"p": {"members": ["a", "a"]}}},
            {},
            "each is named once",
        ),
        (
            {"members": {"a": PROXY}, "pools": {"p": {"members": ["a"], "rotate_after": "1h"}}},
            {},
            "rotate_after: there is no other member",
        ),
    ],
)
def test_what_does_not_fit_together_is_named(
    egress: dict[str, Any], account: dict[str, Any], said: str
) -> None:
    assert said in complaints(egress, **account)


@pytest.mark.parametrize(
    "secrets",
    [
        {"username": "a"},
        {"username": "a:b", "password": "c"},
        {"username": "a", "password": "ü"},
        {"username": "a", "password": "x" * 256},
        {"username": "a", "password": "x\r\ny"},
    ],
)
def test_secrets_that_no_proxy_takes_are_refused(secrets: dict[str, str]) -> None:
    """Before a proxy cuts them or a header is broken by them; they are not repeated."""
    with pytest.raises(ValidationError) as caught:
        ProxySecrets.model_validate(secrets)
    assert "x" * 256 not in "\n".join(describe(caught.value))
