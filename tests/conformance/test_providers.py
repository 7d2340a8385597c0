"""Every provider and every profile does what the conformance kit expects of it."""

from __future__ import annotations

import pytest

from herald.conformance.checks import Check
from herald.conformance.finding import subjects
from herald.conformance.running import CHECKS, run_check
from herald.conformance.verdicts import Verdict
from herald.providers.subject import Subject


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
@pytest.mark.parametrize("subject", list(subjects()), ids=lambda subject: subject.name)
async def test_check(subject: Subject, check: Check) -> None:
    """A provider passes a check, or says why it does not apply."""
    result = await run_check(subject, check)
    if result.verdict is Verdict.NOT_APPLICABLE:
        assert result.reason
        return
    problem = f"expected {result.expected}; seen: {result.seen}; look at {result.look}"
    assert result.verdict is Verdict.PASSED, problem
