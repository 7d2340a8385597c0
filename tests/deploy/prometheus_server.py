"""A private Prometheus on a free port of the loopback interface, with what tests ask it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml

from deploy.server_process import running
from herald_local import prometheus_programs
from herald_local.ports import LOOPBACK, free_port
from herald_local.waiting import wait_until
from herald_local.web import call

NAME = "prometheus"
RANGE_STEPS = 30


class QueryError(AssertionError):
    """Prometheus refused a query; the message is its own, with the query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is scraped under one value of the label `job`; targets are `host:port`."""

    name: str
    targets: Sequence[str]
    path: str = "/metrics"
    params: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def as_configuration(self) -> dict[str, Any]:
        """Return it as an entry of `scrape_configs`."""
        return {
            "job_name": self.name,
            "metrics_path": self.path,
            "params": {key: list(values) for key, values in self.params.items()},
            "static_configs": [{"targets": list(self.targets)}],
        }


@dataclass(frozen=True, slots=True)
class Prometheus:
    """A Prometheus that runs."""

    url: str

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query, each with `metric` and `value`.

        Raises:
            QueryError: the expression is not valid or its evaluation failed.
        """
        return self._result("query", {"query": expression})

    def query_range(
        self, expression: str, *, start: float, end: float, step_seconds: float | None = None
    ) -> list[dict[str, Any]]:
        """Return the series of a range query, each with `metric` and `values`.

        `start` and `end` are Unix times; without a step there are about 30 points.

        Raises:
            QueryError: the expression is not valid or its evaluation failed.
        """
        step = step_seconds or max(1, math.ceil((end - start) / RANGE_STEPS))
        return self._result(
            "query_range", {"query": expression, "start": start, "end": end, "step": step}
        )

    def alerts(self) -> list[dict[str, Any]]:
        """Return the alerts that are pending or firing, each with `labels` and `state`."""
        found: list[dict[str, Any]] = self._data("alerts", {})["alerts"]
        return found

    def rule_problems(self) -> list[str]:
        """Return what is wrong with rules: those whose last evaluation failed, and why."""
        groups = self._data("rules", {})["groups"]
        rules = [rule for group in groups for rule in group["rules"]]
        return [f"{rule['name']}: {rule['lastError']}" for rule in rules if rule.get("lastError")]

    def targets_down(self) -> list[str]:
        """Return the targets whose last scrape failed or has not been, and why."""
        targets = self._data("targets", {"state": "active"})["activeTargets"]
        return [
            f"{t['labels']['job']} {t['scrapeUrl']}: {t['lastError'] or t['health']}"
            for t in targets
            if t["health"] != "up"
        ]

    def wait_for_targets(self, timeout_seconds: float = 30) -> None:
        """Wait until every target was scraped.

        Raises:
            NotReadyError: naming those that were not.
        """
        wait_until(
            lambda: not self.targets_down(),
            timeout_seconds=timeout_seconds,
            complaint=lambda: "\n".join(self.targets_down()),
        )

    def _result(self, what: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._data(what, parameters)["result"]
        return found

    def _data(self, what: str, parameters: Mapping[str, Any]) -> Any:
        response = call("GET", f"{self.url}/api/v1/{what}?{urlencode(parameters)}")
        answer = json.loads(response.body or b"{}")
        if answer.get("status") != "success":
            words = answer.get("error") or f"HTTP {response.status}"
            raise QueryError(f"{words}: {parameters.get('query', what)}")
        return answer["data"]


@contextmanager
def running_prometheus(
    home: Path,
    jobs: Sequence[Job],
    *,
    rule_files: Sequence[Path] = (),
    alertmanagers: Sequence[str] = (),
    interval_seconds: int = 1,
) -> Iterator[Prometheus]:
    """Run a Prometheus for the time of a `with` block, its files under `home`.

    It scrapes and evaluates every `interval_seconds`. `alertmanagers` are `host:port`.

    Raises:
        LocalError: it is missing and can't be installed, or did not become ready.
    """
    programs = prometheus_programs.find_or_install()
    directory = home / NAME
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / "prometheus.yml"
    configuration.write_text(
        yaml.safe_dump(_configuration(jobs, rule_files, alertmanagers, interval_seconds))
    )
    address = f"{LOOPBACK}:{free_port()}"
    command = [
        str(programs.prometheus),
        f"--config.file={configuration}",
        f"--storage.tsdb.path={directory / 'data'}",
        f"--web.listen-address={address}",
        "--log.level=warn",
    ]
    with running(home, NAME, command, f"http://{address}/-/ready"):
        yield Prometheus(f"http://{address}")


def _configuration(
    jobs: Sequence[Job],
    rule_files: Sequence[Path],
    alertmanagers: Sequence[str],
    interval_seconds: int,
) -> dict[str, Any]:
    interval = f"{interval_seconds}s"
    return {
        "global": {
            "scrape_interval": interval,
            "scrape_timeout": interval,
            "evaluation_interval": interval,
        },
        "rule_files": [str(path.resolve()) for path in rule_files],
        "scrape_configs": [job.as_configuration() for job in jobs],
        "alerting": {
            "alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}],
        },
    }
