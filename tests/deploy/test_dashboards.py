"""Every query of every dashboard, on a real Prometheus that scraped a real Herald at work."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import panel_queries
from deploy.busy_configuration import configure
from deploy.busy_run import BusyRun
from deploy.panel_answers import Span, ask, other_problems
from deploy.prometheus_server import Job, Prometheus, running_prometheus
from herald_local.servers import private_servers
from herald_local.services import NAMES
from herald_local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "rules"
ANSWERS = ROOT / ".run" / "dashboards"  # what the pictures of the docs are drawn from
QUEUE_FAMILIES = ["queue_coarse_metrics", "queue_consumer_count"]

pytestmark = pytest.mark.timeout(420)


def _jobs(stack: Stack, broker: str) -> list[Job]:
    herald = [
        Job(name=f"herald-{name}", targets=[f"127.0.0.1:{stack.operations_port(name)}"])
        for name in NAMES
    ]
    families = {"family": QUEUE_FAMILIES}
    return [
        *herald,
        Job(name="rabbitmq", targets=[broker]),
        Job(name="rabbitmq-queues", targets=[broker], path="/metrics/detailed", params=families),
    ]


def _impatient_rules(folder: Path) -> list[Path]:
    """Copy the rules: all are evaluated each second, though some need it every few minutes only."""
    copies = []
    for path in sorted(RULES.glob("*.yml")):
        content = yaml.safe_load(path.read_text())
        for group in content["groups"]:
            group.pop("interval", None)
        copies.append(folder / path.name)
        copies[-1].write_text(yaml.safe_dump(content))
    return copies


@pytest.fixture(scope="module")
def observed(
    stack: Stack, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Prometheus, Span]]:
    """Give a Prometheus that watched a busy run, and the time of the run."""
    node, _database = private_servers(home)
    if not node.is_running():
        pytest.fail("needs a private broker, whose metrics can be read: unset HERALD_TEST_AMQP_URL")
    configure(stack)
    jobs = _jobs(stack, node.metrics_address)
    rules = _impatient_rules(tmp_path_factory.mktemp("rules"))
    with running_prometheus(home, jobs, rule_files=rules) as prometheus:
        prometheus.wait_for_targets()
        started = time.time()
        BusyRun(stack, home).play()
        yield prometheus, Span(started, time.time())


@pytest.mark.parametrize("dashboard", panel_queries.load(), ids=lambda one: one["uid"])
def test_every_panel_has_data(observed: tuple[Prometheus, Span], dashboard: dict[str, Any]) -> None:
    """No query of a panel, no choice and no mark is refused or finds nothing."""
    prometheus, span = observed
    answers = ask(prometheus, panel_queries.queries(dashboard), span)
    _keep(dashboard, answers, span)
    problems = [answer.problem for answer in answers if answer.problem]
    problems += other_problems(prometheus, dashboard, span)
    assert not problems, "\n".join(problems)


def _spoilt(what: str) -> dict[str, Any]:
    dashboard = copy.deepcopy(panel_queries.load()[0])
    panel = next(panel_queries.panels(dashboard))
    target = panel["targets"][0]
    if what == "field":
        target["expression"] = target.pop("expr")
    elif what == "metric":
        target["expr"] = target["expr"].replace("herald_", "herald_old_")
    else:
        target["expr"] = target["expr"] + ")"
    return dashboard


@pytest.mark.parametrize("what", ["metric", "grammar"])
def test_wrong_query_is_found(observed: tuple[Prometheus, Span], what: str) -> None:
    """A panel that asks for a metric that is not there, or not in PromQL, is a problem."""
    prometheus, span = observed
    first, *rest = ask(prometheus, panel_queries.queries(_spoilt(what)), span)
    assert first.problem
    assert not any(answer.problem for answer in rest)


def test_wrong_field_is_found() -> None:
    """A panel whose query stands in another field is a problem."""
    with pytest.raises(panel_queries.DashboardError, match="has no expr"):
        list(panel_queries.queries(_spoilt("field")))


def _keep(dashboard: dict[str, Any], answers: list[Any], span: Span) -> None:
    ANSWERS.mkdir(parents=True, exist_ok=True)
    kept = {
        "start": span.start,
        "end": span.end,
        "answers": [
            {
                "panel": answer.query.panel,
                "legend": answer.query.legend,
                "series": answer.series,
            }
            for answer in answers
        ],
    }
    (ANSWERS / f"{dashboard['uid']}.json").write_text(json.dumps(kept))
