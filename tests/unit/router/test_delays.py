"""What is learned from how long deliveries took."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from unittest.mock import AsyncMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from herald.config.fallback import FallbackRules
from herald.config.loading import load_configuration
from router.clearances.delays import LearnedDelays
from router.clearances.source import Hop
from router.core.clearance import Clearance
from router.core.delays import (
    BOUNDS,
    BUCKETS,
    Learned,
    Way,
    best_known,
    bucket_of,
    country_of,
    learn,
    quantile,
)
from router.delay_counts import DelayCounts
from unit.router.making import NOW, message, step

EXAMPLE = Path(__file__).parents[3] / "docs" / "herald.example.toml"
RULES = FallbackRules(deliveries=100)
CLOUD = Way("whatsapp_cloud", "whatsapp", "DE")


def counted(*delays: float) -> list[int]:
    counts = [0] * BUCKETS
    for delay in delays:
        counts[bucket_of(delay)] += 1
    return counts


@given(st.lists(st.floats(0, 7200), min_size=1, max_size=200))
def test_a_quantile_lies_within_the_bucket_of_the_exact_one(delays: list[float]) -> None:
    """Buckets lose where in them a delay lies, and nothing more."""
    rank = -(-95 * len(delays) // 100)  # rounded up
    exact = sorted(delays)[rank - 1]
    place = bucket_of(exact)
    low = BOUNDS[place - 1] if place else 0
    found = quantile(counted(*delays))
    assert found is not None
    assert low <= found <= BOUNDS[place]


def test_quantiles_of_nothing_and_of_what_took_too_long() -> None:
    """Nothing is known of none; of what took longer than every bound, only that it did."""
    assert quantile([0] * BUCKETS) is None
    assert quantile(counted(*[10**6] * 10)) == BOUNDS[-1]


def test_little_is_no_lesson() -> None:
    """Fewer deliveries than the rules ask for are not learned from; one more is."""
    assert learn({CLOUD: counted(*[4.0] * 99)}, RULES) == {}
    learned = learn({CLOUD: counted(*[25.0] * 100)}, RULES)
    assert learned[CLOUD].deliveries == 100
    assert timedelta(seconds=20) < learned[CLOUD].wait <= timedelta(seconds=30)


@pytest.mark.parametrize(("delay", "wait"), [(0.1, RULES.shortest), (7000.0, RULES.longest)])
def test_what_is_learned_keeps_to_its_bounds(delay: float, wait: timedelta) -> None:
    """Neither faster than the rules allow, nor slower."""
    assert learn({CLOUD: counted(*[delay] * 500)}, RULES)[CLOUD].wait == wait


def test_countries_with_little_traffic_learn_from_all() -> None:
    """Few deliveries of each are many together."""
    ways = [Way("twilio", "sms", country) for country in ("DE", "FR", "IT")]
    learned = learn({way: counted(*[25.0] * 40) for way in ways}, RULES)
    assert list(learned) == [Way("twilio", "sms", "all")]
    found = best_known(learned, ["twilio"], "sms", "FR")
    assert found is not None
    assert found.deliveries == 120


def test_of_several_providers_the_slowest_counts() -> None:
    """Which of them it will be is not known yet; of all of them enough must be."""
    fast, slow = (Learned(timedelta(seconds=number), 500) for number in (12, 40))
    learned = {Way("a", "sms", "DE"): fast, Way("b", "sms", "all"): slow}
    assert best_known(learned, ["a", "b", "a"], "sms", "DE") == slow
    assert best_known(learned, ["a", "c"], "sms", "DE") is None
    assert best_known(learned, [], "sms", "DE") is None


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("+4915112345678", "DE"),
        ("+15550001111", "US"),
        ("+35312345678", "IE"),
        ("+88210123456", "none"),
        ("+", "none"),
        ("US.1234", "US"),
        ("ada@example.com", "none"),
    ],
)
def test_countries(address: str, country: str) -> None:
    """By the calling code; an address without one has none."""
    assert country_of(address) == country


def test_counts_that_could_not_be_written_are_kept() -> None:
    """What came meanwhile is added to them."""
    counts = DelayCounts()
    counts.add(CLOUD, 0.5)
    taken = counts.take()
    counts.add(CLOUD, 0.5)
    counts.add(CLOUD, 100.0)
    counts.give_back(taken)
    assert counts.take() == {CLOUD: counted(0.5, 0.5, 100.0)}
    assert counts.take() == {}


def test_contradictory_bounds_are_refused() -> None:
    """A default outside them is an error that names it."""
    with pytest.raises(ValidationError, match="default must lie between shortest and longest"):
        FallbackRules(shortest=timedelta(minutes=2))


async def test_a_step_that_asks_for_it_waits_as_long_as_was_learned() -> None:
    """The timeline says how long, and of how many deliveries; other steps are left alone."""
    learned = {Way("twilio", "sms", "US"): Learned(timedelta(seconds=42.5), 1204)}
    source = LearnedDelays(load_configuration(EXAMPLE).file, lambda: learned)
    steps = [step("sms", learns_fallback=True), step("sms"), step("email", learns_fallback=True)]
    hops = [Hop(message(*steps), number) for number in (1, 2, 3)]
    found = await source.clear(AsyncMock(), hops, NOW)
    assert found == {
        hops[0].key: Clearance(
            fallback_after=timedelta(seconds=42.5),
            notes=("fallback after 42.5 s: learned p95 of 1,204 deliveries",),
        ),
        hops[2].key: Clearance(
            notes=("fallback after 60 s: the default, for too few deliveries are known",)
        ),
    }
