"""Which of several usable accounts calls: the nearest, then by weight. Pure.

A recipient keeps their account as long as accounts and weights stay the same: each account draws a
number from its name and the recipient, bent by its weight (weighted rendezvous hashing). A change
moves as few recipients as it must.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b

from herald.channel.accounts import SendingAccount
from herald.channel.breaker import BAD_SHARE
from herald.contracts.work import Work

LEAST_SHARE = 0.1  # of its weight that an account keeps: else nothing would show that it is well
PANIC_SHARE = 0.5  # of all weight: where less is left, errors say nothing of one account
STEPS = 10  # of a share, so that it does not move recipients with every call


def nearest(accounts: Sequence[SendingAccount], work: Work) -> Sequence[SendingAccount]:
    """Leave those that are nearest to the recipient and, of these, those that were not tried."""
    if len(accounts) == 1:
        return accounts
    near = [account.options.nearness(work.to) or 0 for account in accounts]
    best = max(near)
    if min(near) < best:
        accounts = [account for account, at in zip(accounts, near, strict=True) if at == best]
    if not work.tried:
        return accounts
    return [account for account in accounts if account.name not in work.tried] or accounts


def by_weight(accounts: Sequence[SendingAccount], to: str, now: float) -> list[SendingAccount]:
    """Return the accounts that have a weight, the one that is the recipient's first."""
    weighted = [account for account in accounts if account.options.weight is not None]
    weights = effective_weights(
        [float(account.options.weight or 0) for account in weighted],
        [account.breaker.bad_share(now) for account in weighted],
    )
    drawn = {
        account.name: _drawn(account.name, to, weight)
        for account, weight in zip(weighted, weights, strict=True)
    }
    return sorted(weighted, key=lambda account: drawn[account.name], reverse=True)


def effective_weights(weights: Sequence[float], bad_shares: Sequence[float]) -> list[float]:
    """Take from each weight as its calls fail; where most of all weight would go, take nothing.

    `bad_shares`: of the latest calls, from 0 to 1. At `BAD_SHARE` the account is down anyway.
    """
    kept = [
        max(LEAST_SHARE, math.floor((1 - share / BAD_SHARE) * STEPS + 0.5) / STEPS)
        for share in bad_shares
    ]
    shifted = [weight * share for weight, share in zip(weights, kept, strict=True)]
    return list(weights) if sum(shifted) < PANIC_SHARE * sum(weights) else shifted


def _drawn(name: str, to: str, weight: float) -> float:
    digest = blake2b(f"{name}\0{to}".encode(), digest_size=8).digest()
    uniform = (int.from_bytes(digest) + 0.5) / 2**64
    return -weight / math.log(uniform)
