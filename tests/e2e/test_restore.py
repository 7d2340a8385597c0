"""The database is lost and an earlier dump restored: what becomes of what happened in between.

One rehearsal, and what each kind of message came to. All but one go to WhatsApp numbers of which no
status comes by itself.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from e2e.client import TOMORROW, Client, connected, send
from e2e.restoring import RUNNING, WORKER, Rehearsal
from herald_local import services
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, Servers

SILENT = "0027"


@dataclass
class Story:
    """The rehearsal's messages by name, and what was seen."""

    rehearsal: Rehearsal
    client: Client
    ids: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)
    called_before_the_loss: Counter[str] = field(default_factory=Counter)
    refused_while_running: str = ""
    reconciled: dict[str, Any] = field(default_factory=dict)

    def send(self, name: str, digits: str = SILENT, **changes: Any) -> None:
        """Give a command and wait until it is accepted."""
        self.bodies[name] = body = send(digits, **({"route": "whatsapp"} | changes))
        self.client.publish(body)
        self.ids[name] = self.client.answer(body["idempotency_key"])["subject"]

    def called(self, name: str) -> int:
        return self.rehearsal.requests()[self.ids[name]]

    def wait_for_call(self, name: str) -> None:
        self.rehearsal.wait(lambda: self.called(name), f"the call for {name}")

    def state(self, name: str) -> dict[str, Any]:
        return self.rehearsal.state(self.ids[name])


def before_the_loss(story: Story) -> None:
    """Have messages of every kind under way when the dump is made, and after it."""
    stack, rehearsal = story.rehearsal.stack, story.rehearsal
    story.send("ended", "0001")
    story.client.end(story.bodies["ended"]["idempotency_key"])
    story.send("scheduled", send_at=TOMORROW)
    services.stop(stack, [WORKER])
    story.send("handed out")
    rehearsal.backup()
    services.start(stack, [WORKER], die_with_parent=True)
    story.wait_for_call("handed out")
    story.send("called")
    story.wait_for_call("called")
    services.stop(stack, [WORKER])
    story.send("in the queue")
    story.refused_while_running = rehearsal.herald("reconcile").stderr
    story.called_before_the_loss = rehearsal.requests()


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, servers: Servers, management_url: str
) -> Iterator[Story]:
    """Give what is left after the dump was restored, reconciled, and services started again."""
    folder = tmp_path_factory.mktemp("restore")
    given = GivenServers(
        amqp_url=servers.amqp_url,
        management_url=management_url,
        postgres_dsn=servers.postgres_dsn,
    )
    with running_stack(folder / "stack", given) as stack, connected(stack.amqp_url) as client:
        rehearsal = Rehearsal(stack, servers.postgres_dsn, folder)
        made = Story(rehearsal, client)
        before_the_loss(made)
        rehearsal.lose_database()
        rehearsal.restore()
        found = rehearsal.herald("reconcile", "--json")
        assert found.returncode == 0, found.stderr
        made.reconciled = json.loads(found.stdout)
        services.start(stack, RUNNING, die_with_parent=True)
        yield made


def test_reconcile_refuses_while_services_run(story: Story) -> None:
    """What they are about to call would be taken for called."""
    assert story.refused_while_running == ("routers use the database: stop every service first\n")


def test_reconcile_counts_what_may_have_been_made(story: Story) -> None:
    """One attempt was handed out, and might have had a second try; what waits for its hour none."""
    counted = {name: story.reconciled[name] for name in ("open_messages", "handed_out", "possible")}
    assert counted == {"open_messages": 2, "handed_out": 1, "possible": 1}
    assert story.reconciled["backup_of"] is not None


def test_what_ended_before_the_dump_stays_ended(story: Story) -> None:
    """Nothing is sent again."""
    assert story.state("ended")["outcome"] == "succeeded"
    assert story.called("ended") == 1


def test_what_waits_for_its_hour_goes_on_waiting(story: Story) -> None:
    """Nothing can have been sent of it."""
    assert story.state("scheduled") == {"status": "queued", "outcome": None, "attempts": []}


def test_what_was_handed_out_is_not_called_again(story: Story) -> None:
    """It counts as unknown, until a webhook that the provider still sends says more."""
    story.rehearsal.wait(
        lambda: story.state("handed out")["attempts"] == ["unknown"], "the attempt to be unknown"
    )
    story.rehearsal.report_delivery(story.ids["handed out"])
    story.rehearsal.wait(
        lambda: story.state("handed out")["outcome"] == "succeeded", "the webhook's success"
    )
    assert story.called("handed out") == 1


def test_what_the_queue_held_is_called_once(story: Story) -> None:
    """The broker kept the work; reports of it find no message and are dead letters."""
    story.wait_for_call("in the queue")
    name = story.ids["in the queue"]
    story.rehearsal.report_delivery(name)
    story.rehearsal.wait(
        lambda: story.rehearsal.dead_letters(name) == ["unknown_message"] * 2, "its dead letters"
    )
    assert story.state("in the queue") == {}


def test_a_repeated_command_takes_up_what_was_called_after_the_restore(story: Story) -> None:
    """Same key, same message, same attempt: its row keeps a worker from the second call.

    Replayed, the webhook that found no message is applied.
    """
    body = story.bodies["in the queue"]
    story.client.events.clear()
    story.client.publish(body)
    answer = story.client.answer(body["idempotency_key"])
    accepted = ("herald.command.accepted.v1", story.ids["in the queue"])
    assert (answer["type"], answer["subject"]) == accepted
    story.rehearsal.wait(
        lambda: story.state("in the queue")["attempts"] == ["accepted"], "the recorded report"
    )
    done = story.rehearsal.herald("dlq", "replay", "--reason", "unknown_message", "--since", "1h")
    assert done.returncode == 0, done.stderr
    story.rehearsal.wait(
        lambda: story.state("in the queue")["outcome"] == "succeeded", "the webhook's success"
    )
    assert story.called("in the queue") == 1


def test_a_repeated_command_calls_again_what_was_called_before_the_loss(story: Story) -> None:
    """Nothing is left that knows of that call: this is the one duplicate, and its producer's."""
    assert story.state("called") == {}
    story.client.publish(story.bodies["called"])
    story.rehearsal.wait(lambda: story.called("called") == 2, "the second call")


def test_nobody_else_was_called_twice(story: Story) -> None:
    """Whatever was called before the loss was called no more, but for that repeated command."""
    now = story.rehearsal.requests()
    again = {name for name, number in story.called_before_the_loss.items() if now[name] > number}
    assert again == {story.ids["called"]}
    assert sum(now.values()) == len(now) + 1
