"""The kit finds what is wrong: each defect fails the checks that are there for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance.planted_calls import SENDS, Changed, SecretInUrl
from conformance.planted_endpoints import ENDPOINTS
from herald.conformance import account_checks, line, source_checks
from herald.conformance.finding import subjects
from herald.conformance.running import CHECKS, run_check
from herald.conformance.verdicts import Verdict
from herald.contracts.vocabulary import Status
from herald.providers.examples import Example
from herald.providers.registry import send_module
from herald.providers.subject import Subject, Table
from herald.providers.subject_sending import Without
from herald.providers.whatsapp_cloud.account import WhatsAppCloudAccount

NAMED = {check.name: check for check in CHECKS}
GOOD = next(iter(subjects(["whatsapp_cloud"])))


async def verdicts(subject: Subject, names: set[str]) -> dict[str, Verdict]:
    return {name: (await run_check(subject, NAMED[name])).verdict for name in sorted(names)}


@pytest.mark.parametrize("defect", ENDPOINTS)
async def test_a_defective_endpoint_is_found(defect: str) -> None:
    """What an endpoint does otherwise fails the checks that expect it."""
    planted, names = ENDPOINTS[defect]
    assert not isinstance(GOOD.webhooks, Without)
    webhooks = replace(GOOD.webhooks, prepare=lambda good: replace(planted, good=good))
    found = await verdicts(replace(GOOD, webhooks=webhooks), names)
    assert found == dict.fromkeys(sorted(names), Verdict.FAILED)


@pytest.mark.parametrize("defect", SENDS)
async def test_a_defective_call_is_found(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a provider makes of an answer otherwise fails the checks that expect it."""
    change, calls, names = SENDS[defect]
    good = send_module

    class Module:
        @staticmethod
        def make_provider(context: Any) -> Changed:
            return Changed(good("whatsapp_cloud").make_provider(context), change, calls)

    monkeypatch.setattr(line, "send_module", lambda _name: Module)
    assert await verdicts(GOOD, names) == dict.fromkeys(sorted(names), Verdict.FAILED)


async def test_a_secret_in_a_url_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that stands in the request's first line fails."""
    monkeypatch.setattr(line, "HttpClient", SecretInUrl)
    found = await verdicts(GOOD, {"secrecy_of_urls"})
    assert found == {"secrecy_of_urls": Verdict.FAILED}


@pytest.mark.parametrize(
    ("exempt", "check"),
    [
        ({"send_reset": "for no reason"}, "send_reset"),
        ({"no_such_check": "because"}, "exemptions"),
        ({"send_reset": " "}, "exemptions"),
    ],
)
async def test_an_exemption_that_is_wrong_is_found(exempt: dict[str, str], check: str) -> None:
    """A subject can't be exempt from what it passes, from nothing, or without a reason."""
    found = await verdicts(replace(GOOD, exempt=exempt), {check})
    assert found == {check: Verdict.FAILED}


async def test_a_subject_that_raises_fails_by_its_place() -> None:
    """A mistake in a subject is a failed check that names file and line."""
    assert not isinstance(GOOD.webhooks, Without)
    webhooks = replace(GOOD.webhooks, status=lambda said: {"x": 1}[said.word])
    result = await run_check(replace(GOOD, webhooks=webhooks), NAMED["status_words"])
    assert result.verdict is Verdict.FAILED
    assert "KeyError" in result.seen
    assert __file__ in result.look


def _with_words(words: dict[str, Status]) -> Subject:
    assert not isinstance(GOOD.webhooks, Without)
    return replace(GOOD, webhooks=replace(GOOD.webhooks, words=words))


SUBJECTS: dict[str, tuple[Subject, set[str]]] = {
    "an option of nobody's": (replace(GOOD, options={"x": 1}), {"account_options"}),
    "a secret of nobody's": (replace(GOOD, secrets={"x": "1"}), {"account_secrets"}),
    "a status of ours": (
        replace(GOOD, tables=lambda: [Table(title="T", rows={"x": Status.STARTED})]),
        {"tables_known"},
    ),
    "no codes": (replace(GOOD, tables=list), {"tables_known"}),
    "a word that is not tried": (_with_words({"sent": Status.SENT}), {"tables_tried"}),
}


@pytest.mark.parametrize("defect", SUBJECTS)
async def test_a_defective_subject_is_found(defect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account or a table that is not as it should be fails."""
    subject, names = SUBJECTS[defect]
    monkeypatch.setattr(source_checks, "subjects", lambda _providers: [subject])
    assert await verdicts(subject, names) == dict.fromkeys(sorted(names), Verdict.FAILED)


FILES = {
    "source_sizes": "x = 1\n" * 251,
    "source_pure": "import asyncio\n",
    "source_apart": "from herald.providers.twilio.errors import classify\n",
}


@pytest.mark.parametrize("check", FILES)
async def test_a_defective_file_is_found(
    check: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that is too long, does I/O where it may not or knows another provider fails."""
    (tmp_path / "errors.py").write_text(FILES[check])
    monkeypatch.setattr(source_checks, "files", lambda _provider: [tmp_path / "errors.py"])
    assert await verdicts(GOOD, {check}) == {check: Verdict.FAILED}


async def test_a_defective_account_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that calls and does not say when it calls again fails, as does an example."""
    monkeypatch.setattr(WhatsAppCloudAccount, "webhook_retry_gap", None)
    wrong = Example(
        title="", account="", channel="", options=(), sender=None, secrets='nothing = "x"'
    )
    monkeypatch.setattr(account_checks, "example_of", lambda _name: wrong)
    names = {"account_webhook_gap", "account_example"}
    assert await verdicts(GOOD, names) == dict.fromkeys(sorted(names), Verdict.FAILED)


def test_every_check_was_seen_failing() -> None:
    """Each check has a defect here that it finds."""
    found = {name for _, names in ENDPOINTS.values() for name in names}
    found |= {name for _, _, names in SENDS.values() for name in names}
    found |= {name for _, names in SUBJECTS.values() for name in names}
    found |= {*FILES, "account_webhook_gap", "account_example", "secrecy_of_urls", "exemptions"}
    assert found == set(NAMED)
