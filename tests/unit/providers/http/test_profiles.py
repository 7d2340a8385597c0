"""Profiles: what ships is right, and what is wrong with one is named with its line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from herald.providers.http.loading import (
    ProfileError,
    find_profile,
    read_profile,
    shipped,
    shipped_names,
    source_of,
)
from herald.providers.registry import AnyAccount
from unit.providers.http.making import OPTIONS, account

LONGEST_PROFILE = 60
SOURCE = source_of("plivo")


def wrong(*changes: tuple[str, str], source: str = SOURCE) -> list[str]:
    for old, new in changes:
        assert old in source, old
        source = source.replace(old, new, 1)
    with pytest.raises(ProfileError) as caught:
        read_profile(source, "acme.toml")
    return caught.value.problems


def line_of(text: str, source: str = SOURCE) -> int:
    return next(n for n, line in enumerate(source.splitlines(), 1) if line.startswith(text))


@pytest.mark.parametrize("name", shipped_names())
def test_a_profile_is_short_and_named_like_its_file(name: str) -> None:
    """A description of at most 60 lines."""
    assert shipped(name).name == name
    assert len(source_of(name).splitlines()) <= LONGEST_PROFILE


@pytest.mark.parametrize(
    ("old", "new", "begins", "said"),
    [
        ('text = "text", url', 'text = "txt", url', "json = ", "no name 'txt'; known: "),
        ('text = "body.error"', 'text = "body[.error"', "text = ", "not a path of JMESPath"),
        ('text = "body.error"', 'text = "bdy.error"', "text = ", "no name 'bdy'; known: body, "),
        ('text = "body.error"', 'text = "env(body)"', "text = ", "no function 'env'; known: "),
        ('text = "body.error"', 'text = "@"', "text = ", "a path begins with a name"),
        ('text = "body.error"', 'txet = "body.error"', "txet = ", "Extra inputs"),
        ("transient = [20, 300]", "trnsient = [20, 300]", "trnsient", "Input should be "),
        ("auth = [40, 450]", "auth = [40, 20]", "[errors.codes]", "named more than once: 20"),
        ("scopes = {account = [429]}", "scopes = {account = [430]}", "scopes", "is not rate_lim"),
        ("scopes = {account = [429]}", "scopes = {planet = [429]}", "scopes", "Input should be"),
        ("{auth_id}/Message/", "{auth}/Message/", "url = ", "no option or value 'auth'; known: "),
        ("{auth_id}/Message/", "{auth_id/Message/", "url = ", "a brace that is no {name}"),
        ("{base_url}/v1", "http://api.plivo.com/v1", "url = ", "must begin with https://"),
        ('secret = "auth_tokens"}\nneeds', 'secret = "token"}\nneeds', "auth = ", "no secret"),
        ('scheme = "plivo-v3"', 'scheme = "plivo-v9"', "signature = ", "Input tag 'plivo-v9'"),
        ('sent = ["sent"]', 'snt = ["sent"]', "words = {accepted", "Input should be "),
        ('receipts = "delivered"', 'receipts = "seen"', "receipts", "Input should be "),
        ('rates = {account = "5/s"}', 'rates = {account = "5"}', "rates", "a rate is written like"),
        ('"^[A-Z0-9]{20}$"', '"^[A-Z0-9{20}$"', "auth_id", "not a regular expression"),
        ("auth_id = {", "channel = {", "channel = {", "the name of a setting"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, begins: str, said: str) -> None:
    """The file, the line, the key, and what is wrong with it."""
    changed = SOURCE.replace(old, new, 1)
    problem = next(problem for problem in wrong((old, new)) if said in problem)
    number = line_of(begins, changed)
    assert re.match(rf"acme\.toml:{number}: [\w.]+: ", problem), problem


def test_no_toml() -> None:
    """The parser's own line is kept."""
    where = f"(at line {line_of('[send]')}, column 6)"
    said = f"acme.toml: not TOML: Expected ']' at the end of a table declaration {where}"
    assert wrong(("[send]", "[send")) == [said]


def test_defaults_that_need_each_other_in_a_circle() -> None:
    """A circle is found however long it is, and no default is ever filled without end."""
    options = (
        'base_url = {kind = "url", default = "https://{a}"}\n'
        'a = {default = "{b}"}\nb = {default = "{c}.x"}\nc = {default = "{a}"}'
    )
    problems = wrong((next(x for x in SOURCE.splitlines() if x.startswith("base_url")), options))
    assert [problem.split(": ")[1] for problem in problems] == [
        f"options.{name}.default" for name in "abc"
    ]
    assert all("needs itself" in problem for problem in problems)


def test_every_problem_is_named_at_once() -> None:
    """Nobody has to mend a profile line by line."""
    assert (
        len(wrong(('"sender"', '"sendr"'), ('["text"]', '["txt"]'), ('"body.error"', '"err"'))) == 3
    )


def test_profiles_beside_the_configuration(tmp_path: Path) -> None:
    """A path is relative to herald.toml; what is not there, or too large, is said."""
    (tmp_path / "acme.toml").write_text(SOURCE.replace('"plivo"', '"acme"', 1))
    assert find_profile("acme.toml", tmp_path).name == "acme"
    (tmp_path / "large.toml").write_text("#" * 70_000)
    for named, said in (
        ("none.toml", "No such file"),
        ("large.toml", "over 64 KiB"),
        ("acme", "no profile 'acme'; with Herald come infobip, plivo"),
        (".", "no profile"),
    ):
        with pytest.raises(ProfileError, match=said):
            find_profile(named, tmp_path)


@pytest.mark.parametrize(
    ("options", "field", "said"),
    [
        ({"auth_id": None}, "auth_id", "Field required"),
        ({"auth_id": "short"}, "auth_id", "should match pattern"),
        ({"authid": "x"}, "authid", "Extra inputs"),
        ({"channel": "email"}, "channel", "Input should be 'sms'"),
        ({"base_url": "http://far.example.com"}, "base_url", "unencrypted"),
        ({"profile": "acme"}, "profile", "no profile 'acme'"),
        ({"number_kind": "mobile"}, "number_kind", "no kinds of numbers"),
    ],
)
def test_an_account_is_held_to_its_profile(options: dict[str, Any], field: str, said: str) -> None:
    """Options are fields of their own: missing, wrong and unknown ones are named."""
    given = {"provider": "http", "profile": "plivo", **OPTIONS["plivo"], **options}
    given = {name: value for name, value in given.items() if value is not None}
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(AnyAccount).validate_python(given)
    [error] = [e for e in caught.value.errors() if e["type"] != "default_factory_not_called"]
    assert error["loc"] == (field,)
    assert said in error["msg"]


def test_an_account_is_called_by_its_profile() -> None:
    """Events and metrics say who carries messages, not how; limits are the platform's."""
    made = account("telegram")
    assert (made.provider, made.folder, made.channel) == ("telegram", "http", "telegram")
    assert (made.rate, made.allowances.pair) == (30.0, made.profile_for(None, "").pair)
    assert (made.server.host, made.server.tls) == ("api.telegram.org", True)
    assert account("sinch", region="eu").server.host == "eu.sms.api.sinch.com"
