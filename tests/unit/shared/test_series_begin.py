"""What the list of metrics says is there from the start is there."""

from __future__ import annotations

from types import SimpleNamespace
from unittest.mock import create_autospec

import pytest
from prometheus_client import REGISTRY

from herald.bus.metrics import queue_metrics
from herald.channel import metrics as channel
from herald.channel.egress import metrics as egress
from herald.channel.health import AccountHealth
from herald.contracts.metrics import METRICS, Begins, Metric
from herald.database.pool import Database
from herald.providers.registry import ACCOUNTS
from herald.service import loop_lag
from herald.service.http_limits import metrics as listeners
from herald.service.operations_routes import ops_routes
from herald.sessions import metrics as sessions
from ingress import metrics as ingress
from router import metrics as router
from router.handlers.dead_letters import DeadLetterHandler
from router.unit_of_work import UnitsOfWork
from unit.channel.making import sending

# names that no other test begins a series of
CHANNEL, ACCOUNT, PROVIDER, TENANT = "begun-channel", "begun-account", "smtp", "begun-tenant"
NAMES = {
    "account": ACCOUNT,
    "channel": CHANNEL,
    "egress": "begun-egress",
    "from_channel": CHANNEL,
    "queue": "begun-queue",
    "tenant": TENANT,
    "check": "begun-check",
}
WORDS_OF_ITS_OWN = {"herald_dead_letters_total"}  # instead of queues' names
FROM_THE_START = [
    pytest.param(metric, id=metric.name)
    for metric in METRICS.values()
    if metric.begins is Begins.START
]


Series = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def begun() -> Series:
    """Make what services make before their servers are there; give labels by metric."""
    account = ACCOUNTS[PROVIDER].model_construct(
        channel=CHANNEL, provider=PROVIDER, foreign="ignore"
    )
    other = account.model_copy(update={"channel": "begun-other"})
    router.initialise({ACCOUNT: account, "other": other}, [TENANT])
    nothing = create_autospec(UnitsOfWork, instance=True)
    file = SimpleNamespace(services=None)
    DeadLetterHandler(nothing, file, {NAMES["queue"]: nothing})  # type: ignore[arg-type]
    channel.initialise(CHANNEL, {ACCOUNT: PROVIDER})
    sessions.initialise(CHANNEL, [ACCOUNT])
    AccountHealth(CHANNEL, [sending(ACCOUNT)], create_autospec(Database, instance=True))
    egress.initialise(CHANNEL, [("begun-egress", PROVIDER)])
    ingress.initialise([(PROVIDER, ACCOUNT)])
    queue_metrics(NAMES["queue"])
    checks = {NAMES["check"]: lambda: None}
    ops_routes("herald-router", checks, warnings=checks)
    assert loop_lag.LAG_SECONDS, "importing it begins its series"
    assert listeners.REFUSED, "likewise"
    return {
        family.name: [sample.labels for sample in family.samples] for family in REGISTRY.collect()
    }


@pytest.mark.parametrize("metric", FROM_THE_START)
def test_a_series_is_there_before_anything_happens(metric: Metric, begun: Series) -> None:
    """A rate needs a zero to begin at: without it the first failure is unseen."""
    own = NAMES.keys() & set(metric.labels) if metric.name not in WORDS_OF_ITS_OWN else ()
    names = {label: NAMES[label] for label in own}
    series = begun.get(metric.name.removesuffix("_total"), [])
    assert any(names.items() <= labels.items() for labels in series)


@pytest.mark.usefixtures("begun")
def test_an_account_that_nobody_called_is_up() -> None:
    """So that an alert on its absence tells of a worker that is missing."""
    labels = {"channel": CHANNEL, "account": ACCOUNT}
    assert REGISTRY.get_sample_value("herald_account_up", labels) == 1
