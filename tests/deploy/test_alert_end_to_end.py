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

from alert_rules import DIRECTORY, ROOT, RULE_FILES, metrics_named, rules, selectors_named
from deploy.alertmanager_server import Alertmanager, running_alertmanager
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

pytestmark = pytest.mark.timeout(300)


@dataclass(frozen=True, slots=True)
class Watched:
    """A stack, the Prometheus that watches it, and where its alerts go and arrive."""

    stack: Stack
    prometheus: Prometheus
    alertmanager: Alertmanager
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
                yield Watched(stack, prometheus, alertmanager, receiver)
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
    scraped = {metric for metric in named if not metric.startswith("herald:")}
    selectors = scraped | {one for rule in rules() for one in selectors_named(rule["expr"])}

    def missing() -> list[str]:
        return sorted(
            s for s in selectors if not watched.prometheus.query(f"last_over_time({s}[1m])")
        )

    wait_until(
        lambda: not missing(), timeout_seconds=30, complaint=lambda: f"not scraped: {missing()}"
    )
    assert watched.prometheus.rule_problems() == []


def test_a_healthy_stack_raises_no_alert(watched: Watched) -> None:
    """What runs as it should wakes nobody, once its first scrape was evaluated."""
    wait_until(
        lambda: not _firing(watched.prometheus),
        timeout_seconds=20,
        complaint=lambda: f"firing: {_firing(watched.prometheus)}",
    )


def test_a_stopped_worker_reaches_the_pager_and_so_does_its_return(watched: Watched) -> None:
    """The alert names the channel and its runbook; it ends when the worker is back."""
    services.stop(watched.stack, ["channel-sms"])
    wait_until(
        lambda: bool(_pages(watched, "firing")),
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"no page; firing: {_firing(watched.prometheus)}",
    )
    page = _pages(watched, "firing")[0]
    assert page["annotations"]["summary"] == "No worker of channel sms answers"
    runbook = page["annotations"]["runbook_url"].rpartition("/")[2]
    assert (ROOT / "docs" / "runbooks" / f"{runbook}.md").exists()
    _wait_until_consequences_are_silent(watched)

    services.start(watched.stack, ["channel-sms"], die_with_parent=True)
    wait_until(
        lambda: bool(_pages(watched, "resolved")),
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"it did not end; firing: {_firing(watched.prometheus)}",
    )


def _pages(watched: Watched, status: str) -> list[dict[str, Any]]:
    alerts = watched.receiver.alerts("/pager", "HeraldServiceDown", status)
    return [alert for alert in alerts if alert["labels"].get("channel") == "sms"]


def _wait_until_consequences_are_silent(watched: Watched) -> None:
    """Wait until the broker says the same of each lane's queue, and nobody is paged for that."""
    wanted = {f"outbound.sms.{lane}" for lane in ("urgent", "normal", "bulk")}

    def silenced() -> set[str]:
        return {
            alert["labels"]["queue"]
            for alert in watched.alertmanager.alerts()
            if alert["labels"]["alertname"] == "HeraldQueueWithoutConsumer"
            and alert["status"]["state"] == "suppressed"
        }

    wait_until(
        lambda: silenced() == wanted,
        timeout_seconds=ALERT_SECONDS,
        complaint=lambda: f"held back: {silenced()}; firing: {_firing(watched.prometheus)}",
    )
