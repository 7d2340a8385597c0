"""Rules name metrics, labels and buckets that Herald has."""

from __future__ import annotations

from collections.abc import Mapping

from alert_rules import matchers, metrics_named, rules
from herald.contracts.metrics import METRICS, Kind, Metric

SCRAPED_LABELS = {"job", "instance", "namespace"}
_PARTS = ("bucket", "sum", "count")


def _series() -> Mapping[str, Metric]:
    """Return every metric by the names of its series."""
    return {
        series: metric
        for name, metric in METRICS.items()
        for series in (
            [f"{name}_{part}" for part in _PARTS] if metric.kind is Kind.HISTOGRAM else [name]
        )
    }


def test_every_metric_of_herald_that_a_rule_names_exists() -> None:
    """A renamed metric would leave an alert silent for ever."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    named = {metric for rule in rules() for metric in metrics_named(rule["expr"])}
    of_herald = {metric for metric in named if metric.startswith("herald")}
    assert of_herald - recorded - set(_series()) == set()


def test_every_label_that_a_rule_matches_is_one_of_its_metric() -> None:
    """A matcher on a label that is not there matches nothing, or everything."""
    known = _series()
    wrong = [
        f"{series}{{{label}}}"
        for rule in rules()
        for series, label, _value in matchers(rule["expr"])
        if label not in {*known[series].labels, *SCRAPED_LABELS, "le"}
    ]
    assert wrong == []


def test_every_bucket_that_a_rule_counts_is_one_of_its_histogram() -> None:
    """An objective whose threshold is no bucket would have no good event at all."""
    known = _series()
    counted = [
        (series, float(value))
        for rule in rules()
        for series, label, value in matchers(rule["expr"])
        if label == "le"
    ]
    assert counted
    assert [one for one in counted if one[1] not in known[one[0]].buckets] == []
