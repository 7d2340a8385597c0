"""What the read API shows of dead letters: masked to operators, why they died to their tenants."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from behaviour.router.refused import CLOSED, STILL_BAD, Before, refused_before
from herald.contracts.topology import COMMANDS
from reading import OPERATOR, ask


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def before(
    amqp_url: str, management_url: str, postgres_dsn: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Before]:
    """Run a router for which what another one refused is right."""
    folder = tmp_path_factory.mktemp("later")
    async with refused_before(amqp_url, management_url, postgres_dsn, folder) as running:
        yield running


async def _read(before: Before, path: str, reader: str = OPERATOR, **parameters: str) -> Any:
    answer = await ask(before.router, path, parameters, reader=reader)
    assert answer.status == 200, answer.body
    return answer.document


async def test_dead_letters_are_listed_by_what_they_are(before: Before) -> None:
    """By tenant, reason, queue and time, page by page, without their bodies."""
    parameters = {"tenant": "default", "reason": "route", "since": "1h", "queue": COMMANDS}
    whole = await _read(before, "/dead-letters", **parameters)
    ids = [one["id"] for one in whole["dead_letters"]]
    assert await before.dead_letter(STILL_BAD) in ids
    assert await before.dead_letter(CLOSED) not in ids
    assert all("body" not in one for one in whole["dead_letters"])
    paged: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await _read(before, "/dead-letters", **parameters, **cursor, limit="1")
        paged += [one["id"] for one in page["dead_letters"]]
        if page["after"] is None:
            break
        cursor = {"after": page["after"]}
    assert paged == ids


async def test_a_dead_letter_is_shown_masked(before: Before) -> None:
    """Which command it was, and neither whom it was for nor what it said."""
    dead_letter = await before.dead_letter(STILL_BAD)
    shown = await _read(before, f"/dead-letters/{dead_letter}")
    assert (shown["id"], shown["idempotency_key"]) == (dead_letter, "still-bad")
    assert shown["body"]["route"] == "never"
    assert shown["body"]["content"]["text"] == "<5 characters>"
    assert "+15550002222" not in json.dumps(shown)


async def test_a_whole_body_is_shown_to_whom_the_audit_names(before: Before) -> None:
    """The row has the token's name, and nothing of the body."""
    dead_letter = await before.dead_letter(STILL_BAD)
    shown = await _read(before, f"/dead-letters/{dead_letter}", body="whole")
    assert json.loads(shown["body"]) == STILL_BAD
    [row] = await before.world.database.fetch(
        "SELECT broker_user, tenant, detail FROM router.audit WHERE subject = $1 AND act = $2",
        dead_letter,
        "dead_letter.read",
    )
    assert tuple(row) == ("token:operator", "default", "{}")


@pytest.mark.parametrize("path", ["/dead-letters", "/dead-letters/any"])
async def test_a_tenants_token_reads_no_dead_letters(before: Before, path: str) -> None:
    """They are operators'."""
    assert (await ask(before.router, path, reader="default")).status == 403


BAD = [
    ({"limit": "0"}, "limit: "),
    ({"limit": "many"}, "limit: "),
    ({"limit": "05001"}, "limit: "),
    ({"since": "yesterday"}, "since: "),
    ({"since": "2026-01-01T00:00:00"}, "since: "),
    ({"after": "x"}, "after: "),
    ({"replayed": "maybe"}, "replayed: "),
    ({"queue": "a\0b"}, "queue: "),
    ({"colour": "red"}, "no such parameter"),
]


@pytest.mark.parametrize(("parameters", "said"), BAD)
async def test_a_bad_question_names_its_parameter(
    before: Before, parameters: dict[str, str], said: str
) -> None:
    """With what it should be."""
    answer = await ask(before.router, "/dead-letters", parameters)
    assert answer.status == 400
    assert answer.document["error"].startswith(said)


async def test_a_dead_letter_that_is_not_there(before: Before) -> None:
    """Whatever it is called."""
    for name in ("nothing", "a/b:c", "nul\0"):
        assert (await ask(before.router, f"/dead-letters/{name}")).status == 404


async def test_a_key_tells_why_its_command_was_refused(before: Before) -> None:
    """When, the field, the reason and the dead letter; to the tenant's own readers."""
    names = {"idempotency_key": "still-bad"}
    [event] = (await _read(before, "/rejections", "default", **names))["rejections"]
    assert (event["field"], event["command"]) == ("route", "message.send")
    assert event["reason"].startswith("no such route")
    assert event["dead_letter"] == await before.dead_letter(STILL_BAD)
    assert (await _read(before, "/rejections", "other", **names))["rejections"] == []
    refused = await ask(before.router, "/rejections", names | {"tenant": "default"}, reader="other")
    assert refused.status == 403
