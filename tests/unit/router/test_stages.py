"""A batch is read stage by stage, and its results are in its order."""

from __future__ import annotations

import pytest

from router.parsing.stages import Stages, read_side_by_side


def _reader(name: str, stages: int, seen: list[str]) -> Stages[str]:
    for stage in range(stages):
        seen.append(f"{name}{stage}")
        yield
    return name


def test_all_go_through_a_stage_before_any_goes_on() -> None:
    """The first stage of each, then the second: the stages' code stays where it is fast."""
    seen: list[str] = []
    read = read_side_by_side(_reader(name, 2, seen) for name in "ab")
    assert seen == ["a0", "b0", "a1", "b1"]
    assert read == ["a", "b"]


def test_one_that_ends_early_keeps_its_place() -> None:
    """A command refused in its first stage does not shift the others."""
    seen: list[str] = []
    readers = (_reader(name, stages, seen) for name, stages in (("a", 2), ("b", 0), ("c", 1)))
    assert read_side_by_side(readers) == ["a", "b", "c"]


def test_an_empty_batch_reads_nothing() -> None:
    """There is nothing to go through."""
    assert read_side_by_side([]) == []


def test_a_failure_is_the_batchs() -> None:
    """Nothing is read then; who reads them one by one finds whose it is."""

    def fails() -> Stages[str]:
        yield
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        read_side_by_side([_reader("a", 3, []), fails()])
