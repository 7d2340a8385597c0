"""A worker stops, and whoever is on call hears of it: real services, broker and alert programs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from alert_rules import DIRECTORY, ROOT, RULE_FILES, buckets_named, metrics_named, rules
from deploy.alertmanager_server import running_alertmanager
from deploy.prometheus_server import Prometheus, running_prometheus
from deploy.stack_jobs import jobs_of
from deploy.webhook_receiver import WebhookReceiver, running_receiver
from e2e.client import connected, send
from herald_local import services
from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, erase, private_servers
from herald_local.stack import Stack
from herald_local.waiting import wait_until

ALERT_SECONDS = 60
# of RabbitMQ 4.3 alone; the rules match both names
OF_OTHER_VERSIONS = {"rabbitmq_detailed_raft_term"}

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Watched:
    """A stack, the Prometheus that watches it, and where its alerts arrive."""

    stack: Stack
    prometheus: Prometheus
    receiver: WebhookReceiver


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Give a stack on private servers, scraped every second, with the shipped rules and routes."""
    home = ROOT / ".run" / f"alerts-{os.getpid()}"
    try:
        with running_stack(home, GivenServers()) as stack, running_receiver() as receiver:
            node, _database = private_servers(home)
            routes = _quick_routes(home, receiver)
            with (
                running_alertmanager(home, routes) as alertmanager,
                running_prometheus(
                    home,
                    jobs_of(stack, node),
                    rule_files=_quick_rules(home),
                    alertmanagers=[alertmanager.address],
                ) as prometheus,
            ):
                prometheus.wait_for_targets()
                yield Watched(stack, prometheus, receiver)
    finally:
        erase(home)


def _quick_rules(home: Path) -> list[Path]:
    """Copy the rules; what waits a minute before it fires waits two seconds."""
    directory = home / "rules"
    directory.mkdir()
    copies = [directory / path.name for path in RULE_FILES]
    for path, copy in zip(RULE_FILES, copies, strict=True):
        copy.write_text(re.sub(r"\bfor: 1m\b", "for: 2s", path.read_text()))
    return copies


def _quick_routes(home: Path, receiver: WebhookReceiver) -> Path:
    """Copy the example; its receivers' addresses are ours, and it groups for a second."""
    example = yaml.safe_load((DIRECTORY / "alertmanager.yml").read_text())
    for one in example["receivers"]:
        one["webhook_configs"] = [{"url": f"{receiver.url}/{one['name']}"}]
    for route in (example["route"], *example["route"]["routes"]):
        route |= {"group_wait": "1s", "group_interval": "1s"}
    file = home / "alertmanager.yml"
    file.write_text(yaml.safe_dump(example))
    return file


def _firing(prometheus: Prometheus) -> list[dict[str, Any]]:
    return [alert["labels"] for alert in prometheus.alerts() if alert["state"] == "firing"]


def test_every_series_that_rules_name_is_scraped(watched: Watched) -> None:
    """Services and broker really show what the rules ask for, down to the buckets of histograms."""
    with connected(watched.stack.amqp_url) as client:
        body = send()
        client.publish(body)
        client.end(body["idempotency_key"])
    named = {metric for rule in rules() for metric in metrics_named(rule["expr"])}
    wanted = {m for m in named if not m.startswith("herald:")} - OF_OTHER_VERSIONS
    selectors = wanted | {b for rule in rules() for b in buckets_named(rule["expr"])}

    def missing() -> list[str]:
        return sorted(
            s for s in selectors if not watched.prometheus.query(f"last_over_time({s}[1m])")
        )

    wait_until(
        lambda: not missing(), timeout_seconds=30, complaint=lambda: f"not scraped: {missing()}"
    )
    assert watched.prometheus.rule_problems() == []


def test_a_healthy_stack_raises_no_alert(watched: Watched) -> None:
    """What runs as it should wakes nobody."""
    assert _firing(watched.prometheus) == []


def test_a_stopped_worker_reaches_the_pager_and_so_does_its_return(watched: Watched) -> None:
    """The alert names the channel and its runbook; it ends when the worker is back."""
    alert = "HeraldServiceDown"
    services.stop(watched.stack, ["channel-sms"])
    wait_until(
        lambda: bool(watched.receiver.alerts("/pager", alert, "firing")),
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"no page; firing: {_firing(watched.prometheus)}",
    )
    page = watched.receiver.alerts("/pager", alert, "firing")[0]
    assert page["labels"]["channel"] == "sms"
    assert page["annotations"]["summary"] == "No worker of channel sms answers"
    runbook = page["annotations"]["runbook_url"].rpartition("/")[2]
    assert (ROOT / "docs" / "runbooks" / f"{runbook}.md").exists()
    _wait_for_queues_without_consumer(watched)

    services.start(watched.stack, ["channel-sms"], die_with_parent=True)
    wait_until(
        lambda: bool(watched.receiver.alerts("/pager", alert, "resolved")),
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"it did not end; firing: {_firing(watched.prometheus)}",
    )


def _wait_for_queues_without_consumer(watched: Watched) -> None:
    """Wait until the broker says the same: nobody takes from the queue of any lane."""
    wanted = {f"outbound.sms.{lane}" for lane in ("urgent", "normal", "bulk")}

    def seen() -> set[str]:
        firing = _firing(watched.prometheus)
        return {a["queue"] for a in firing if a["alertname"] == "HeraldQueueWithoutConsumer"}

    wait_until(
        lambda: seen() == wanted,
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"queues without a consumer: {seen()}",
    )
