"""`herald template`: what it shows of the templates of herald.toml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from herald.cli.application import application

CONFIGURATION = """
[tenants.default]
route = "sms"
[accounts.twilio-main]
provider = "twilio"
account_sid = "AC00000000000000000000000000000000"
price = "0.05 EUR"
[routes.sms]
steps = [{channel = "sms"}]
[templates.order]
version = 3
variables = {name = {}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "herald.toml").write_text(CONFIGURATION)
    texts = tmp_path / "templates" / "order"
    texts.mkdir(parents=True)
    (texts / "en.txt").write_text("Hello {{ name }}\n")
    (texts / "de.sms.txt").write_text("Hallo {{ name }} ✓\n")
    return tmp_path


def herald(folder: Path, *arguments: str) -> Result:
    environment = {"HERALD_CONFIG": str(folder / "herald.toml")}
    return CliRunner().invoke(application, ["template", *arguments], env=environment)


def test_an_sms_is_shown_with_its_segments_and_cost(folder: Path) -> None:
    """As the recipient's locale has it; by each account with a price."""
    options = ("--channel", "sms", "--locale", "de-CH", "--variable", "name=" + "Ann" * 30)
    done = herald(folder, "preview", "order", *options)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "order version 3, de",
        "--- text",
        f"Hallo {'Ann' * 30} ✓",
        "--- 2 segments (ucs-2)",
        "--- costs about 0.10 EUR by twilio-main",
    ]
    found = json.loads(herald(folder, "preview", "order", *options, "--json").output)
    assert (found["segments"], found["cost"]) == (2, {"twilio-main": "0.10 EUR"})


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("order", "--channel", "sms"), "variables.name: missing"),
        (("order", "--channel", "sms", "--variable", "name"), "--variable name: write NAME=VALUE"),
        (("order", "--channel", "fax"), "no account serves channel 'fax'; known: sms"),
        (("other", "--channel", "sms"), "no template 'other' for tenant 'default'; known: order"),
        (
            ("order", "--channel", "sms", "--variable", "name=A", "--version", "1"),
            "version: no such version; known: 3",
        ),
    ],
)
def test_what_can_not_be_shown(folder: Path, arguments: tuple[str, ...], problem: str) -> None:
    """Exit 2, with what is wrong."""
    done = herald(folder, "preview", *arguments)
    assert (done.exit_code, done.stderr.strip()) == (2, problem)


def test_all_are_listed(folder: Path) -> None:
    """A line each; as JSON too."""
    found = json.loads(herald(folder, "list", "--json").output)
    assert (found["name"], found["versions"], found["locales"]) == ("order", [3], ["de", "en"])
    assert "order" in herald(folder, "list").output


def test_a_template_that_is_none_stops_everything(folder: Path) -> None:
    """Every command that reads herald.toml names it; no service starts with one."""
    (folder / "templates" / "order" / "en.txt").write_text("{% for x in name %}{% endfor %}")
    done = herald(folder, "list")
    assert done.exit_code == 2
    assert "templates.order.locales.en.text: line 1: loops go over a variable" in done.stderr


def test_a_message_is_checked_with_its_variables(folder: Path) -> None:
    """`herald validate` needs no server for it either."""
    message = {
        "to": {"phone": "+15550002222", "locale": "de"},
        "content": {"template": {"name": "order", "variables": {"nmae": "Ann"}}},
    }
    environment = {"HERALD_CONFIG": str(folder / "herald.toml")}
    done = CliRunner().invoke(
        application, ["validate", "-", "--json"], input=json.dumps(message), env=environment
    )
    assert done.exit_code == 2
    [error] = json.loads(done.stdout)["errors"]
    assert error["field"] == "content.template.variables.nmae"
    assert error["reason"] == "no such variable; known: name (and 1 more)"
