"""`herald validate` and `herald explain` against a running Herald: all is said, nothing is sent."""

from __future__ import annotations

import json
import os
from secrets import randbelow
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from herald.cli.application import application
from herald_local.stack import Stack


@pytest.fixture(scope="module")
def environment(stack: Stack) -> dict[str, str]:
    """Give the environment of a shell that has read the stack's exports."""
    return {**os.environ, **stack.environment, "COLUMNS": "200"}


def herald(environment: dict[str, str], *arguments: str, **command: Any) -> Result:
    """Run a command that reads a message from its stdin."""
    return CliRunner().invoke(
        application, [*arguments, "-"], input=json.dumps(command), env=environment
    )


def test_every_step_is_explained_and_nothing_is_sent(environment: dict[str, str]) -> None:
    """Each channel's worker says what it would do; the key is free and then used by the send."""
    key = str(uuid4())
    message = {
        "idempotency_key": key,
        "to": {"phone": "+15550000001", "email": "delivered@example.com"},
        "content": {"subject": "Hi", "text": "я" * 71},
        "route": {"steps": [{"channel": "sms"}, {"channel": "email"}]},
    }
    done = herald(environment, "explain", "--json", **message)
    assert done.exit_code == 0, done.output
    plan = json.loads(done.output)
    assert (plan["answer"], plan["idempotency_key"]) == ("accepted", key)
    sms, email = plan["steps"]
    assert (sms["start"], sms["worker"]["call"], sms["worker"]["segments"]) == ("now", "now", 2)
    assert (email["channel"], email["worker"]["provider"]) == ("email", "sendgrid")
    timeline = CliRunner().invoke(application, ["timeline", key], env=environment)
    assert timeline.exit_code != 0  # there is no such message
    sent = herald(environment, "send", "--wait", "delivered", **message)
    assert sent.exit_code == 0, sent.output
    again = herald(environment, "explain", **message)
    assert again.output.startswith("duplicate")


def test_who_opted_out_is_skipped(environment: dict[str, str]) -> None:
    """Consent is asked as before a step starts: the reason is there, and no worker is asked."""
    phone = f"+1555{randbelow(10**3):03}0001"
    runner = CliRunner()
    on_sms = ("--phone", phone, "--channel", "sms")
    assert runner.invoke(application, ["suppress", *on_sms], env=environment).exit_code == 0
    route = {"steps": [{"channel": "sms"}, {"channel": "whatsapp"}]}
    message = {"to": {"phone": phone}, "content": {"text": "Hi"}, "route": route}
    found = herald(environment, "explain", "--json", **message)
    assert found.exit_code == 0, found.output
    sms, _ = json.loads(found.output)["steps"]
    assert (sms["start"], sms["failure"]["code"]) == ("skipped", "opted_out")
    assert "worker" not in sms
    assert runner.invoke(application, ["unsuppress", *on_sms], env=environment).exit_code == 0
    found = herald(environment, "explain", "--json", **message)
    assert json.loads(found.output)["steps"][0]["start"] == "now"


def test_lines_for_a_reader(environment: dict[str, str]) -> None:
    """Account, segments and what follows silence are in words; the recipient's number is not."""
    done = herald(
        environment,
        "explain",
        to={"phone": "+15550000001"},
        content={"text": "Hi"},
        route={"steps": [{"channel": "sms", "fallback_after": "auto"}, {"channel": "email"}]},
    )
    assert done.exit_code == 0, done.output
    assert "fallback after" in done.output  # as long as was learned, or why not
    assert "1 segment (gsm-7)" in done.output
    assert "calls at once" in done.output
    assert "left out   step 2 of the route: no address on email" in done.output
    assert "+15550000001" not in done.output


@pytest.mark.parametrize("command", ["validate", "explain"])
def test_a_field_at_fault_is_named(environment: dict[str, str], command: str) -> None:
    """Both say it in the same words, and exit with 2."""
    done = herald(environment, command, to={"phone": "12"}, content={"text": "Hi"})
    assert done.exit_code == 2
    assert "to.phone" in done.output


def test_send_refuses_a_dry_run(environment: dict[str, str]) -> None:
    """A file that says `dry_run` is not sent by mistake, and not waited for in vain."""
    done = herald(
        environment, "send", to={"phone": "+15550000001"}, content={"text": "Hi"}, dry_run=True
    )
    assert done.exit_code == 2
    assert "explain" in done.output
