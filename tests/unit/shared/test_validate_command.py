"""`herald validate`: what it finds at fault, and what it can't know without herald.toml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from herald.cli.application import application

CONFIGURATION = Path(__file__).parents[2] / "behaviour" / "router" / "herald.toml"
MESSAGE = {
    "to": {"phone": "+15550002222", "email": "ada@example.com"},
    "content": {"text": "Hello", "subject": "Hello"},
}


def validate(*options: str, path: Path | None = CONFIGURATION, **changes: Any) -> Result:
    environment = {"HERALD_CONFIG": str(path) if path else ""}
    given = json.dumps(MESSAGE | changes)
    return CliRunner().invoke(
        application, ["validate", "-", *options], input=given, env=environment
    )


def test_a_good_message() -> None:
    """Its channels are named, in order, and the steps that it can't use with the reason."""
    done = validate(to={"phone": "+15550002222"})
    assert done.exit_code == 0
    assert done.output == ("valid      whatsapp -> sms\nleft out   step 3: no address on email\n")


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"to": {"phone": "12"}}, "to.phone"),
        ({"contents": {}}, "contents"),
        ({"route": "nowhere"}, "route"),
        ({"sender": "nobody"}, "sender"),
        ({"tenant": "nobody"}, "tenant"),
        ({"content": {"text": "x" * 5000}, "route": "sms"}, "content.text"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
    ],
)
def test_what_would_be_refused(changes: dict[str, Any], at: str) -> None:
    """The field is named as the router names it."""
    done = validate("--json", **changes)
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert not found["valid"]
    assert at in [error["field"] for error in found["errors"]]


@pytest.mark.parametrize(
    ("changes", "at", "reason"),
    [
        ({"content": {"txet": "x"}}, "content.txet", "no such field; did you mean text?"),
        ({"text": "x"}, "text", "no such field"),
        (
            {"content": {"overrides": {"sms": {"overrides": {}}}}},
            "content.overrides.sms.overrides",
            "no such field",
        ),
    ],
)
def test_a_field_is_not_suggested_for_itself(changes: dict[str, Any], at: str, reason: str) -> None:
    """A field that stands in the wrong place is not misspelt."""
    found = json.loads(validate("--json", **changes).stdout)
    assert found["errors"][0] == {"field": at, "reason": reason}


def test_without_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The shape is checked, and that no more was is said."""
    monkeypatch.chdir(tmp_path)
    done = validate(path=None, route="nowhere")
    assert done.exit_code == 0
    assert "only its shape" in done.stderr
    assert validate(path=None, to={}).exit_code == 2


@pytest.mark.parametrize("command", ["validate", "explain", "send"])
@pytest.mark.parametrize(
    "text",
    [
        f'{{"content": {"[" * 100_000}{"]" * 100_000}}}',
        f'{{"content": {"[" * 900}{"]" * 900}}}',
        '{"content": {"text": "x\\ud800"}}',
    ],
    ids=["deep", "less deep", "half a character"],
)
def test_json_that_no_router_can_read_is_wrong_input(command: str, text: str) -> None:
    """It is refused with one line that names the file, and exit code 2."""
    done = CliRunner().invoke(application, [command, "-"], input=text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("-: not JSON that Herald can read: ")
    assert len(done.stderr.splitlines()) == 1
