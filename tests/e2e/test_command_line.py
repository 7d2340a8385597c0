"""The `herald` command against a running Herald, as a person at a terminal meets it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result
from yarl import URL

from e2e.client import TOMORROW
from herald.cli.application import application
from herald.database.migrations import known_migrations
from herald_local.stack import Stack

DONE, FAILED, USAGE, TIMEOUT, INTERRUPTED = 0, 1, 2, 3, 130


@pytest.fixture(scope="module")
def environment(stack: Stack) -> dict[str, str]:
    """Give the environment of a shell that has read the stack's exports."""
    return {**os.environ, **stack.environment, "COLUMNS": "200", "TZ": "Asia/Tokyo"}


def herald(
    environment: dict[str, str], *arguments: str, stdin: str = "", **changes: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "herald.cli", *arguments],
        env=environment | changes,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def here(environment: dict[str, str], *arguments: str, stdin: str = "", **changes: str) -> Result:
    """Run a command in this process, which is sooner done."""
    return CliRunner().invoke(
        application, arguments, input=stdin, env=environment | changes, prog_name="herald"
    )


def test_send_shows_the_way_to_the_delivery(environment: dict[str, str]) -> None:
    """`send --wait` prints the answer and each event, until it got that far."""
    key = str(uuid4())
    done = herald(
        environment, "send", "--phone", "+15550000002", "--text", "Hi", "--key", key,
        "--wait", "delivered",
    )  # fmt: skip
    assert done.returncode == DONE, done.stderr
    first, *events = done.stdout.splitlines()
    assert first.startswith("accepted ")
    whats = [line.split()[1] for line in events]
    assert (whats[0], whats[-1]) == ("fallback", "delivered")
    assert events[-1].endswith("delivered  sms => succeeded")


def test_timeline_tells_why(environment: dict[str, str]) -> None:
    """`timeline`, by key or id, shows attempts, receipts and what each led to, in local time."""
    key = str(uuid4())
    sent = here(
        environment, "send", "--phone", "+15550000002", "--text", "Hi", "--key", key,
        "--wait", "outcome", "--json",
    )  # fmt: skip
    message = json.loads(sent.stdout)
    assert (message["status"], message["outcome"]) == ("delivered", "succeeded")
    by_key = herald(environment, "timeline", key)
    assert by_key.stdout == herald(environment, "timeline", message["message_id"]).stdout
    for words in ("fallback whatsapp -> sms: unreachable", "131026", "outcome succeeded"):
        assert words in by_key.stdout
    document = json.loads(here(environment, "timeline", key, "--json").stdout)
    hour = (int(document["created_at"][11:13]) + 9) % 24  # in Tokyo
    assert f" {hour:02}:{document['created_at'][14:16]}:" in by_key.stdout


def test_find_lists_what_went_to_a_recipient(environment: dict[str, str]) -> None:
    """By the address, which is masked there as in the timeline, or by its mask."""
    mailbox, key = f"{uuid4().hex}@example.com", str(uuid4())
    sent = here(
        environment, "send", "--email", mailbox, "--subject", "Hi", "--text", "Hi", "--key", key,
        "--route", "email", "--wait", "delivered", "--json",
    )  # fmt: skip
    assert sent.exit_code == DONE, sent.stderr
    found = herald(environment, "find", "--email", mailbox.upper(), "--since", "1h")
    [line] = found.stdout.splitlines()
    parts = line.split("  ")
    assert (parts[2:5]) == ["default", "delivered, succeeded", "email"]
    mask = parts[5]
    assert mailbox.partition("@")[0] not in line
    assert mask in herald(environment, "timeline", key).stdout
    again = herald(environment, "find", "--address", mask, "--json")
    assert json.loads(again.stdout)["idempotency_key"] == key


def test_a_failure_is_an_exit_code(environment: dict[str, str]) -> None:
    """A message that fails ends with 1, one that is not there in time with 3 and advice."""
    failed = here(
        environment, "send", "--phone", "+15550000026", "--text", "Hi", "--wait", "delivered"
    )
    assert failed.exit_code == FAILED
    assert "opted_out" in failed.stdout
    late = here(
        environment, "send", "--phone", "+15550000004", "--via", "whatsapp", "--text", "Hi",
        "--wait", "delivered", "--timeout", "3s",
    )  # fmt: skip
    assert late.exit_code == TIMEOUT
    assert "herald timeline" in late.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (["--phone", "12", "--text", "x"], "", "rejected: to.phone: not a"),
        (["--phone", "+15550000001", "--text", "x", "--route", "no"], "", "route: no such route"),
        (["-"], '{"to": {"phone": "+15550000001"}, "contnt": {}}', "contnt: no such field; did"),
        (["-"], '{"to":', "-: not JSON"),
        (["-"], '{"content": {"text": "x\\ud800"}}', "-: not JSON that Herald can read"),
        (["--phone", "+15550000001", "--text", "a\udcffb"], "", "rejected: content.text: must not"),
        (["--phone", "+15550000001", "--key", "a\udcffb"], "", "rejected: idempotency_key: must"),
        (["-"], "[]", "-: must hold one JSON object"),
        (["missing.json"], "", "missing.json: No such file"),
        (["--phone", "+15550000001", "--metadata", "x"], "", "write NAME=VALUE"),
        (["--phone", "+15550000001", "--timeout", "soon"], "", "--timeout soon"),
    ],
)  # fmt: skip
def test_wrong_input_is_named(
    environment: dict[str, str], arguments: list[str], stdin: str, said: str
) -> None:
    """What is wrong is one line that names it, with exit code 2; nothing is sent."""
    done = here(environment, "send", *arguments, stdin=stdin)
    assert (done.exit_code, done.stdout) == (USAGE, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_with_flags(environment: dict[str, str], tmp_path: Path) -> None:
    """A file is sent, and flags win over what it says."""
    file = tmp_path / "message.json"
    command = {"to": {"phone": "+15550000001"}, "content": {"text": "x"}, "route": "no-such"}
    file.write_text(json.dumps(command))
    done = here(environment, "send", str(file), "--route", "sms", "--json")
    assert json.loads(done.stdout)["channels"] == ["sms"]


def test_cancel(environment: dict[str, str]) -> None:
    """A scheduled message is taken back; a delivered one is too late; another does not exist."""
    key, delivered = str(uuid4()), str(uuid4())
    send = ("send", "--phone", "+15550000001", "--text", "x", "--key")
    here(environment, *send, key, "--send-at", TOMORROW)
    taken = here(environment, "cancel", key, "--json")
    assert json.loads(taken.stdout)["outcome"] == "cancelled"
    here(environment, *send, delivered, "--wait", "outcome")
    late = here(environment, "cancel", delivered)
    assert late.exit_code == FAILED
    assert late.stdout.startswith("too late")
    missing = here(environment, "cancel", str(uuid4()))
    assert missing.exit_code == USAGE
    assert missing.stderr.startswith("no message of tenant default is named")


def test_watch_shows_what_is_asked_for(environment: dict[str, str]) -> None:
    """`watch` filters by kind and message, and ends after `--count`."""
    key = str(uuid4())
    watching = subprocess.Popen(
        [sys.executable, "-m", "herald.cli", "watch", "--message", key, "--what", "delivered",
         "--count", "1", "--json"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert watching.stderr is not None
    assert watching.stderr.readline().startswith("watching")
    herald(environment, "send", "--phone", "+15550000002", "--text", "x", "--key", key)
    printed, _ = watching.communicate(timeout=30)
    assert json.loads(printed)["data"]["channel"] == "sms"


@pytest.fixture
def heeds_control_c() -> Iterator[None]:
    """Let children heed SIGINT, also where these tests run in the background and ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_control_c_is_one_line(heeds_control_c: None, environment: dict[str, str]) -> None:
    """Interrupted while it waits, `send` says that the message goes on, and ends with 130."""
    sending = subprocess.Popen(
        [sys.executable, "-m", "herald.cli", "send", "--phone", "+15550000004", "--via", "whatsapp",
         "--text", "x", "--wait", "delivered"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert sending.stdout is not None
    assert sending.stdout.readline().startswith("accepted")
    time.sleep(0.3)
    sending.send_signal(signal.SIGINT)
    _, said = sending.communicate(timeout=20)
    assert sending.returncode == INTERRUPTED
    assert said.strip().endswith("goes on")
    assert len(said.splitlines()) == 1


def test_status_shows_a_healthy_herald(environment: dict[str, str]) -> None:
    """Every service, queue, backlog and account is listed; nothing is wrong."""
    done = here(environment, "status", "--json")
    assert done.exit_code == DONE, done.stderr
    status = json.loads(done.stdout)
    assert {service["name"] for service in status["services"]} >= {"router", "ingress"}
    assert all(service["ready"] and service["version"] for service in status["services"])
    assert all(queue["consumers"] for queue in status["broker"]["queues"])
    newest = {item.schema: item.number for item in known_migrations()}
    schemas = ", ".join(f"{schema} {number}" for schema, number in newest.items())
    assert status["database"]["schemas"] == schemas
    assert {account["state"] for account in status["accounts"]} == {"up"}
    assert herald(environment, "status").stdout.count("ready") >= 5


def test_status_names_what_is_missing(environment: dict[str, str]) -> None:
    """A service that does not answer and a database that is away are said, with exit code 1."""
    done = here(
        environment,
        "status",
        HERALD_SERVICES="router=http://127.0.0.1:1",
        HERALD_POSTGRES_DSN="postgresql://nobody@127.0.0.1:1/none",
    )
    assert done.exit_code == FAILED
    assert "router: readyz: no answer" in done.stderr
    assert "PostgreSQL at 127.0.0.1:1/none can't be reached" in done.stderr


def test_status_without_a_broker_tells_the_rest(
    environment: dict[str, str], unused_tcp_port: int
) -> None:
    """A stopped broker is one line; services and database are shown all the same."""
    url = str(URL(environment["HERALD_AMQP_URL"]).with_port(unused_tcp_port))
    done = here(environment, "status", "--json", HERALD_AMQP_URL=url)
    status = json.loads(done.stdout)
    assert done.exit_code == FAILED
    [problem] = status["problems"]
    assert "is it running?" in problem
    assert all(service["ready"] for service in status["services"])
    assert status["database"]["version"]


def test_what_is_not_there_is_said(
    stack: Stack, environment: dict[str, str], unused_tcp_port: int
) -> None:
    """A stopped broker, a wrong password, a missing router: one line each that says what to do."""
    port = unused_tcp_port
    url = URL(environment["HERALD_AMQP_URL"])
    send, apply = ("send", "--phone", "+15550000001", "--text", "x"), ("topology", "apply")
    dsn, management = "HERALD_POSTGRES_DSN", "HERALD_RABBITMQ_MANAGEMENT_URL"
    database = URL(environment[dsn])
    as_topology = {"HERALD_AMQP_URL": stack.access.amqp_url("topology")}
    for arguments, changes, code, said in (
        (send, {"HERALD_AMQP_URL": str(url.with_port(port))}, FAILED, "is it running?"),
        (send, {"HERALD_AMQP_URL": str(url.with_password("no"))}, FAILED, "refuses the user"),
        (send, {"HERALD_AMQP_URL": "http://x"}, USAGE, "must start with amqp://"),
        (send, {"HERALD_AMQP_URL": "amqp://u:p/w@x/"}, USAGE, "percent-encoded"),
        (apply, {"HERALD_AMQP_URL": str(url.with_port(port))}, FAILED, "is it running?"),
        (apply, {"HERALD_AMQP_URL": str(url.with_password("no"))}, FAILED, "refuses the user"),
        (apply, {}, FAILED, "access"),
        (apply, as_topology | {management: f"http://127.0.0.1:{port}"}, FAILED, f"{management}: "),
        (apply, {management: "http://127.0.0.1:x"}, USAGE, f"{management}: its host or port"),
        (("migrate",), {dsn: str(database.with_port(port))}, FAILED, "is it running?"),
        (("migrate",), {dsn: str(database.with_path("/none"))}, FAILED, "no such database"),
        (("migrate",), {dsn: "postgresql://127.0.0.1:x/"}, USAGE, f"{dsn}: its host or port"),
        (send, {"HERALD_AMQP_URL": ""}, USAGE, "HERALD_AMQP_URL is not set"),
        (("timeline", "x"), {"HERALD_ROUTER_URL": f"http://127.0.0.1:{port}"}, FAILED, "no router"),
        (("timeline", "x"), {"HERALD_ROUTER_URL": "127.0.0.1"}, USAGE, "must start with http://"),
        (("timeline", "x"), {"HERALD_READ_TOKEN_FILE": ""}, USAGE, "set HERALD_READ_TOKEN, or"),
        (("timeline", "x"), {"HERALD_READ_TOKEN_FILE": "/x"}, USAGE, "No such file or directory"),
        (("timeline", "x"), {"HERALD_READ_TOKEN": "other"}, USAGE, "this token is not known"),
        (("timeline", "x"), {"HERALD_READ_TOKEN": "a b"}, USAGE, "HERALD_READ_TOKEN: this is no"),
        (("timeline", "x"), {}, USAGE, "is named x"),
        (("timeline", str(uuid4())), {}, USAGE, "no message of tenant"),
    ):
        done = here(environment, *arguments, **changes)
        assert (done.exit_code, len(done.stderr.splitlines())) == (code, 1), done.stderr
        assert said in done.stderr
