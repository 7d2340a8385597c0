"""Messages as rows, many and made at once, for searches to find."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

EVERY = 1000  # one message of so many is to the recipient that is looked for

# $1 how many, $2 whose, $3 how far apart, the last one now. Of each hundred two failed, one expired
# and one is under way. Those of the recipient have the hashes $4, all others hashes of their own.
_FILL = """
WITH made AS (
    INSERT INTO router.messages (
        id, tenant, idempotency_key, command_hash, status, outcome, created_at, ended_at,
        plan, content, state
    )
    SELECT
        md5($2 || n)::uuid, $2, n::text, '',
        (CASE WHEN outcome = 'succeeded' THEN 'delivered' ELSE 'sent' END)::router.message_status,
        outcome::router.outcome, now() - ($1 - n) * $3::interval,
        CASE WHEN outcome IS NOT NULL THEN now() END,
        json_build_object(
            'steps', json_build_array(json_build_object(
                'channel', 'sms', 'address', '+15550002222', 'success_on', 'delivered',
                'fallback_after', 'PT60S', 'fallback_on', json_build_array()
            )),
            'category', 'transactional', 'lane', 'normal', 'expires_at', now(),
            'metadata', json_build_object('order', (n / 10)::text, 'shop', (n % 7)::text)
        ),
        '{}', '{"attempts": [{"step": 1, "number": 1, "channel": "sms", "status": "sent"}]}'
    FROM (
        SELECT n, CASE n % 100
            WHEN 0 THEN 'failed' WHEN 1 THEN 'failed' WHEN 2 THEN 'expired' WHEN 3 THEN NULL
            ELSE 'succeeded'
        END AS outcome
        FROM generate_series(1, $1::int) AS n
    ) AS numbered
    RETURNING id, created_at, idempotency_key::int AS n
)
INSERT INTO router.recipients (tenant, created_at, message_id, place, address_hash)
SELECT
    $2, created_at, id, place,
    CASE WHEN n % $5 = 0 THEN ($4::bigint[])[place + 1] ELSE hashtextextended(id::text, place) END
FROM made CROSS JOIN generate_series(0, cardinality($4::bigint[]) - 1) AS place
"""


async def make_messages(
    database: asyncpg.Connection,
    number: int,
    tenant: str,
    hashes: Sequence[int],
    *,
    apart: timedelta = timedelta(seconds=1),
) -> None:
    """Make `number` messages of a tenant, of which every thousandth has these hashes."""
    await add_messages(database, number, tenant, hashes, apart=apart)
    await database.execute("ANALYZE router.messages, router.recipients")


async def add_messages(
    database: asyncpg.Connection,
    number: int,
    tenant: str,
    hashes: Sequence[int],
    *,
    apart: timedelta = timedelta(seconds=1),
) -> None:
    """Make them without statistics, for who makes many more."""
    await database.execute(_FILL, number, tenant, apart, list(hashes), EVERY)
