"""Two results of the benchmark are compared by the medians of what both measured."""

from __future__ import annotations

from bench.against import compare, figures, table

RESULT = {
    "bench": "herald",
    "quick": True,
    "end_to_end": {
        "per_second": {"median": 900, "min": 800, "max": 950},
        "cpu_us": {"router": 364, "channel-sms": 295.5},
    },
}


def test_every_number_is_named_and_several_runs_are_one_figure() -> None:
    """Of a spread the median counts; words and flags are no figures."""
    assert dict(figures(RESULT)) == {
        "end_to_end.per_second": 900,
        "end_to_end.cpu_us.router": 364,
        "end_to_end.cpu_us.channel-sms": 295.5,
    }


def test_the_medians_over_the_rounds_are_compared() -> None:
    """One round that went badly moves neither side."""
    base = [{"rate": 100.0}, {"rate": 110.0}, {"rate": 10.0}]
    here = [{"rate": 200.0}, {"rate": 150.0}, {"rate": 180.0}]
    assert compare(base, here) == {"rate": {"base": 100.0, "here": 180.0, "ratio": 1.8}}


def test_what_one_side_did_not_measure_is_left_out() -> None:
    """An older commit may lack a figure, and nothing can be said of a change from nothing."""
    base = [{"rate": 0.0}]
    here = [{"rate": 2.0, "new": 1.0}]
    assert compare(base, here) == {"rate": {"base": 0.0, "here": 2.0}}


def test_the_table_leaves_out_what_did_not_change() -> None:
    """Only lines that say something are written."""
    compared = compare([{"same": 3.0, "cpu": 300.0}], [{"same": 3.0, "cpu": 200.0}])
    head, line = table(compared)
    assert head.split() == ["figure", "base", "here", "ratio"]
    assert line.split() == ["cpu", "300.00", "200.00", "0.667"]
