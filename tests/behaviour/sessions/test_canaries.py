"""Tokens and the secrets that obtain them show up nowhere, whatever is answered.

The endpoint and the relay repeat them in all they say; logs, metrics, errors, readiness, reports
and the database's rows are searched.
"""

from __future__ import annotations

import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY, generate_latest
from structlog.testing import capture_logs

from behaviour.canaries.calls import work_for
from behaviour.canaries.canaries import CONTENTS, SECRET, traces
from behaviour.providers.smtp.making import smtp
from behaviour.providers.smtp.relay import HANG_UP, relaying
from behaviour.sessions.making import OAUTH, Endpoint, Secrets, Worker, worker
from herald.bus.receipt_messages import receipt_body
from herald.channel.reports import report, returned
from herald.database.pool import Database
from herald.providers.credentials import NoTokenError
from herald.providers.sending import NotSent
from unit.channel.making import calling, decided

NOW = datetime(2026, 1, 19, tzinfo=UTC)
TOKEN, REFRESH = f"access-{SECRET}", f"refresh-{SECRET}"
OFFERS = {"EHLO": "250-relay.example.com\n250-AUTH XOAUTH2\n250 ENHANCEDSTATUSCODES"}
ANSWERS: dict[str, tuple[int, dict[str, Any]]] = {
    "granted": (200, {"access_token": TOKEN, "refresh_token": REFRESH, "expires_in": 3600}),
    "refused": (400, {"error": "invalid_grant", "error_description": f"{REFRESH} {TOKEN}"}),
    "refused in its own words": (401, {"error": f"bad {SECRET}", "error_codes": [SECRET]}),
    "not understood": (200, {"token": TOKEN, "access_token": [TOKEN]}),
    "broken": (500, {"message": TOKEN}),
}
REPLIES: dict[str, dict[str, str]] = {
    "accepted": {".": f"250 2.0.0 Ok: queued as 4XyZ12 {TOKEN}"},
    "sign-in refused": {"AUTH": f"535 5.7.8 {TOKEN}"},
    "sign-in refused for now": {"AUTH": f"454 4.7.0 {TOKEN}"},
    "no mechanism": {"EHLO": f"250-relay.example.com\n250-AUTH {TOKEN}\n250 OK"},
    "sender refused": {"MAIL": f"550 5.7.1 {TOKEN}"},
    "mail refused": {".": f"554 5.7.1 {TOKEN}"},
    "hangs up": {"AUTH": HANG_UP},
}


def session(database: Database, keys: Path, answer: tuple[int, dict[str, Any]]) -> Worker:
    endpoint = Endpoint()
    endpoint.errors = [answer] * 3
    return worker(database, endpoint, keys, Secrets(refresh_token=REFRESH, client_secret=SECRET))


@pytest.mark.parametrize("answer", ANSWERS)
async def test_no_answer_of_an_endpoint_gives_a_token_away(
    database: Database, keys: Path, rows: asyncpg.Connection, answer: str
) -> None:
    """However a request for a token ends."""
    one = session(database, keys, ANSWERS[answer])
    said = []
    with capture_logs() as logs:
        try:
            said.append(repr(await one.session.token()))
        except NoTokenError as error:
            said += traceback.format_exception(error)
        await one.turn()
        await one.turn()
    query = "SELECT row(s.*, encode(sealed, 'escape'))::text FROM channel.sessions AS s"
    row = await rows.fetchval(query)
    metrics = generate_latest(REGISTRY).decode()
    held = repr(one.session.holding.held)
    assert logs
    assert traces(logs, metrics, row, one.sessions.warning or "", held, *said) == set()


@pytest.mark.parametrize("reply", REPLIES)
async def test_no_reply_of_a_relay_gives_a_token_away(
    database: Database, keys: Path, rows: asyncpg.Connection, reply: str
) -> None:
    """However a call with a token ends."""
    one = session(database, keys, ANSWERS["granted"])
    async with relaying(**{**OFFERS, **REPLIES[reply]}) as relay:
        account = smtp(relay.port, oauth=OAUTH.model_dump())
        account.credentials.session = one.session
        work = work_for("email", CONTENTS["email"][0])
        [attempt] = await decided([account], work)
        with capture_logs() as logs:
            result = await calling("email").call(attempt)
    if isinstance(result, NotSent):
        receipt = returned(work, result.code, NOW)
    else:
        receipts = account.options.receipts
        receipt = report(work, result, NOW, provider="smtp", account="gmail", receipts=receipts)
    metrics = generate_latest(REGISTRY).decode()
    said = receipt_body(receipt).decode()
    assert traces(logs, metrics, said, repr(result), repr(account)) == set()
    assert SECRET in "".join(account.credentials.values()), "there was something to look for"
