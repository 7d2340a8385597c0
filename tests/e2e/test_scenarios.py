"""The demo's scenarios as tests: the whole of Herald, checked against what providers took."""

from __future__ import annotations

import pytest

from herald_local.demo.command import perform
from herald_local.demo.scenario_run import all_runs
from herald_local.demo.scenarios import SCENARIOS
from herald_local.stack import Stack


@pytest.fixture(scope="module")
def problems(stack: Stack) -> dict[str, list[str]]:
    """Play all scenarios at once and give what was wrong with each."""
    return perform(stack, all_runs())


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_scenario_ends_as_it_should(problems: dict[str, list[str]], name: str) -> None:
    """Outcome, events and the providers' own lists of requests are what the scenario says."""
    assert problems[name] == []
