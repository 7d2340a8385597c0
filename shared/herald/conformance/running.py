"""Every check, and how one is run."""

from __future__ import annotations

from dataclasses import replace

from herald.conformance import (
    account_checks,
    answer_checks,
    hostile_checks,
    inbound_checks,
    limit_checks,
    secrecy_checks,
    sending_checks,
    signature_checks,
    source_checks,
    status_checks,
    time_checks,
)
from herald.conformance.checks import Check, Needs, why_not
from herald.conformance.trial import Trial
from herald.conformance.verdicts import NotMetError, Result, Verdict, require
from herald.providers.subject import Subject


async def _exemptions(trial: Trial) -> None:
    """Exempt a subject only from checks that there are, each for a reason."""
    for name, reason in trial.subject.exempt.items():
        known = {check.name for check in CHECKS}
        require(name in known, f"the name of a check: {sorted(known)}", name, "`exempt`")
        require(bool(reason.strip()), f"why it is exempt from {name}", "nothing", "`exempt`")


CHECKS: tuple[Check, ...] = (
    Check("exemptions", "It says why what does not apply does not.", Needs.ACCOUNT, _exemptions),
    *account_checks.CHECKS,
    *signature_checks.CHECKS,
    *status_checks.CHECKS,
    *time_checks.CHECKS,
    *hostile_checks.CHECKS,
    *inbound_checks.CHECKS,
    *sending_checks.CHECKS,
    *answer_checks.CHECKS,
    *secrecy_checks.CHECKS,
    *limit_checks.CHECKS,
    *source_checks.CHECKS,
)


async def run_check(subject: Subject, check: Check) -> Result:
    """Run one check on one subject."""
    result = Result(
        subject=subject.name, check=check.name, about=check.about, verdict=Verdict.PASSED
    )
    reason = why_not(subject, check.needs)
    if reason is not None:
        return replace(result, verdict=Verdict.NOT_APPLICABLE, reason=reason)
    exempt = subject.exempt.get(check.name)
    found = await _tried(result, subject, check)
    if exempt is None:
        return found
    if found.verdict is Verdict.FAILED:
        return replace(result, verdict=Verdict.NOT_APPLICABLE, reason=exempt)
    return replace(
        result,
        verdict=Verdict.FAILED,
        expected="a failure, for the subject is exempt from it",
        seen="it passes",
        look="`exempt` of the subject: drop it there",
    )


async def _tried(result: Result, subject: Subject, check: Check) -> Result:
    try:
        await check.run(Trial(subject))
    except NotMetError as error:
        return replace(
            result,
            verdict=Verdict.FAILED,
            expected=error.expected,
            seen=error.seen,
            look=error.look,
        )
    except Exception as error:  # noqa: BLE001  of the provider's folder, or of its subject
        return replace(
            result,
            verdict=Verdict.FAILED,
            expected=check.about,
            seen=f"{type(error).__name__}: {error}",
            look=_place(error),
        )
    return result


def _place(error: BaseException) -> str:
    """Name the file and line that raised."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    if traceback is None:
        return "the subject in conformance.py"
    return f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
