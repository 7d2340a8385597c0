"""Services are restarted one after another: a worker may know an account before its router does."""

from __future__ import annotations

import structlog

from behaviour.router.receipts import receipt, webhook
from behaviour.router.world import World
from herald.contracts.vocabulary import Status

NEW = {"provider": "smtp", "account": "brand-new"}


async def test_what_an_unknown_account_did_is_taken(world: World) -> None:
    """Its worker's reports and its webhooks count, and the router says once that it lacks it."""
    keys = [await world.send(route={"steps": [{"channel": "email"}]}) for _ in range(2)]
    with structlog.testing.capture_logs() as lines:
        for key in keys:
            work = await world.work("email", key)
            await world.report(receipt(work, Status.ACCEPTED, **NEW))
            await world.row(
                "SELECT count(*) FROM router.attempts WHERE attempt_id = $1 AND account = $2",
                work.attempt_id,
                NEW["account"],
            )
            await world.report(webhook(work, Status.DELIVERED, **NEW))
    for key in keys:
        [event] = await world.heard("delivered", key)
        assert (event["outcome"], event["account"]) == ("succeeded", NEW["account"])
    said = [line for line in lines if line["event"] == "receipts.account_not_configured"]
    assert [line["account"] for line in said] == [NEW["account"]]
