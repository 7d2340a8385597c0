"""Tokens of the read API: whose they are, what they read, and that none is kept or shown."""

from __future__ import annotations

import tomllib

import pytest
from pydantic import ValidationError

from herald.config.validation_messages import describe
from herald.contracts.read_tokens import Reader, Readers, TokensFile, entry_for, new_token


def _file(*entries: str) -> TokensFile:
    return TokensFile.model_validate(tomllib.loads("".join(entries)))


def test_a_new_token_reads_what_its_entry_says() -> None:
    """The entry goes into the file, the token to its user; together they make a reader."""
    made, other = new_token("support", ["a", "b"]), new_token("ops")
    readers = Readers(_file(made.entry, other.entry))
    assert readers.known_by(made.token) == Reader("support", ("a", "b"))
    assert readers.known_by(other.token) == Reader("ops", ("*",))


def test_an_entry_does_not_hold_its_token() -> None:
    """Whoever reads the file can't ask with it: neither the token nor its digest is one."""
    made = new_token("support", ["a"])
    assert made.token not in made.entry
    digest = tomllib.loads(made.entry)["tokens"]["support"]["sha256"]
    assert Readers(_file(made.entry)).known_by(digest) is None


def test_tokens_differ() -> None:
    """Each has randomness of its own, and is long."""
    tokens = {new_token("ops").token for _ in range(100)}
    assert len(tokens) == 100
    assert min(map(len, tokens)) > 50


@pytest.mark.parametrize("token", ["", "x", "herald_read_", "é", "\udcff"])
def test_other_tokens_are_nobodys(token: str) -> None:
    """Whatever a client sends, it is compared and unknown."""
    assert Readers(_file(new_token("ops").entry)).known_by(token) is None


def test_a_tenants_reader_reads_that_tenant_alone() -> None:
    """Nothing of another tenant, and nothing that belongs to nobody."""
    reader = Reader("support", ("a",))
    assert reader.may_read("a")
    assert not any(reader.may_read(tenant) for tenant in ("b", "unknown", "*", "", None))
    assert (reader.is_operator, reader.only_tenant) == (False, "a")


def test_an_operator_reads_everything() -> None:
    """Every tenant, and what belongs to none."""
    reader = Reader("ops", ("*",))
    assert all(reader.may_read(tenant) for tenant in ("a", "unknown", None))
    assert (reader.is_operator, reader.only_tenant) == (True, None)


def test_a_reader_of_two_tenants_has_to_say_which() -> None:
    """Neither is meant more than the other."""
    assert Reader("support", ("a", "b")).only_tenant is None


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ('[tokens.x]\ntenants = ["a"]\n', "tokens.x.sha256: Field required"),
        ('[tokens.x]\nsha256 = "hunter2"\ntenants = ["a"]\n', "tokens.x.sha256: String should"),
        (f'[tokens.x]\nsha256 = "{"0" * 64}"\n', "tokens.x.tenants: Field required"),
        (f'[tokens.x]\nsha256 = "{"0" * 64}"\ntenants = []\n', "tokens.x.tenants: Tuple should"),
        (entry_for("x", "t", ["a"]).replace('"a"', '"A b"'), "tokens.x.tenants: tenants' names"),
        (entry_for("x", "t", ["a"]).replace('"a"', '"a", "*"'), 'tokens.x.tenants: "*" stands'),
        (entry_for("x", "t", ["a"]).replace('"a"', '"unknown"'), "tokens.x.tenants: 'unknown' is"),
        (entry_for("x", "t", ["a"]) + "scope = 1\n", "tokens.x.scope: Extra inputs"),
        (entry_for("x", "t", ["a"]) + entry_for("y", "t", ["b"]), "tokens.y.sha256: the token of"),
    ],
)
def test_what_is_wrong_is_named(entry: str, problem: str) -> None:
    """Each error has its path, and none repeats what was written."""
    with pytest.raises(ValidationError) as caught:
        _file(entry)
    [said] = describe(caught.value)
    assert said.startswith(problem)
    assert "hunter2" not in said


def test_a_tenant_nobody_configured_is_named() -> None:
    """A typing error in a scope would else read nothing, silently."""
    file = _file(entry_for("x", "t", ["a", "bb"]), entry_for("y", "u", ["*"]))
    assert list(file.unknown_tenants(["a", "b"])) == ["tokens.x.tenants: no tenant 'bb'"]


@pytest.mark.parametrize(("name", "tenants"), [("X", ["a"]), ("x", ["A"]), ("x", [])])
def test_an_entry_is_made_of_good_names_alone(name: str, tenants: list[str]) -> None:
    """What the file would refuse is not written."""
    with pytest.raises(ValidationError):
        new_token(name, tenants)
