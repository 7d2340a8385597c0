"""Channels by name: those that a package defines, and all others."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from herald.channel import definitions
from herald.channel.definitions import (
    OPERATIONS_PORT,
    ChannelDefinition,
    NotInstalledError,
    as_it_is,
    definition_of,
)
from herald.cli.application import application
from herald.contracts.content.mediums import MEDIUMS
from herald.contracts.failures import Failure
from herald.contracts.work import WorkContent
from unit.channel.making import work

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
PORTS = {"whatsapp": 8003, "email": 8004, "sms": 8005}


@pytest.mark.parametrize("channel", MEDIUMS)
def test_a_package_defines_its_channel(channel: str) -> None:
    """Every medium with rules of its own is rendered by a package, on a port of its own."""
    found = definition_of(channel)
    assert (found.name, found.operations_port) == (channel, PORTS[channel])
    assert found.render is not as_it_is


def test_any_other_channel_has_no_rules_of_its_own() -> None:
    """Its providers get the content as it is, if it says anything."""
    found = definition_of("fax")
    assert found == ChannelDefinition(name="fax", operations_port=OPERATIONS_PORT)
    content = WorkContent(text="Hello")
    assert found.render(work(channel="fax", content=content), holds_template=False) is content
    nothing = found.render(work(channel="fax", content=WorkContent()), holds_template=False)
    assert isinstance(nothing, Failure)
    assert nothing.code == "no_content"


def test_rules_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A channel that can't do without its package does not start, and names it."""
    monkeypatch.setattr(definitions, "GROUP", "herald.no_channels")
    with pytest.raises(NotInstalledError, match="herald-channel-sms"):
        definition_of("sms")


def test_a_channel_that_no_account_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command says which there are, and starts nothing."""
    monkeypatch.setenv("HERALD_CONFIG", str(EXAMPLE))
    result = CliRunner().invoke(application, ["channel", "run", "fax"])
    assert result.exit_code == 2
    assert "no account serves fax; channels: email, sms, whatsapp" in result.output
