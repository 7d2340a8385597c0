"""What providers carry back of an attempt."""

from __future__ import annotations

from uuid import UUID

import pytest

from herald.contracts.identifiers import AttemptId, attempt_tag, read_attempt_tag
from herald.contracts.vocabulary import Lane

ATTEMPT = AttemptId(UUID("6f1de7a4-5a3c-4b52-9d0e-6b0d6f9f6c11"), 2, 3)


@pytest.mark.parametrize("lane", list(Lane))
def test_a_tag_names_attempt_and_lane(lane: Lane) -> None:
    """What was given to a provider is read back as it was."""
    assert read_attempt_tag(attempt_tag(str(ATTEMPT), lane)) == (ATTEMPT, lane)


def test_the_normal_lane_s_tag_is_the_bare_id() -> None:
    """Services that know no lanes read it, too."""
    assert attempt_tag(str(ATTEMPT), Lane.NORMAL) == str(ATTEMPT)


@pytest.mark.parametrize("text", ["", ".u", "order-7.u", f"{ATTEMPT}.x", f"{ATTEMPT}.u.b"])
def test_what_is_no_tag_of_ours_is_none(text: str) -> None:
    """Only an attempt's own id, with a lane we know, is read."""
    assert read_attempt_tag(text) is None
