"""The Prometheus and the Alertmanager of tests' own start, answer and end."""

from __future__ import annotations

from pathlib import Path

import pytest

from alert_rules import DIRECTORY, RULE_FILES
from deploy.alertmanager_server import running_alertmanager
from deploy.prometheus_server import Job, QueryError, running_prometheus
from herald_local import processes
from herald_local.waiting import wait_until


def test_prometheus_scrapes_itself_and_loads_every_rule(tmp_path: Path) -> None:
    """A target that answers is up, a rule that is loaded has no error, and the server ends."""
    with running_prometheus(tmp_path, [], rule_files=RULE_FILES) as prometheus:
        wait_until(
            lambda: bool(prometheus.query("herald:slo_objective:ratio")),
            timeout_seconds=20,
            complaint=lambda: "no rule was evaluated",
        )
        assert prometheus.rule_problems() == []
        with pytest.raises(QueryError, match="parse error"):
            prometheus.query("sum by (")
    assert processes.recorded(tmp_path) == []


def test_prometheus_says_which_target_does_not_answer(tmp_path: Path) -> None:
    """A target on a closed port is down, with the reason."""
    with running_prometheus(tmp_path, [Job(name="nobody", targets=["127.0.0.1:9"])]) as prometheus:
        wait_until(
            lambda: any("refused" in line for line in prometheus.targets_down()),
            timeout_seconds=20,
            complaint=lambda: "the target was not tried",
        )


def test_alertmanager_starts_with_the_example(tmp_path: Path) -> None:
    """The example is a configuration that the server itself takes."""
    with running_alertmanager(tmp_path, DIRECTORY / "alertmanager.yml") as alertmanager:
        assert alertmanager.alerts() == []
