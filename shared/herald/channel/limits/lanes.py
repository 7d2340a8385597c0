"""What a lane leaves to the others: of a bucket, and of its rate while those wait. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from herald.contracts.vocabulary import Lane


@dataclass(frozen=True, slots=True)
class Manners:
    """`floor`: the part of a full bucket that the lane leaves. `share`: of the rate, see below."""

    floor: float
    share: float  # at which its own queue moves while a lower lane waits: so none starves


LANES: dict[Lane, Manners] = {
    Lane.URGENT: Manners(floor=0.0, share=0.95),
    Lane.NORMAL: Manners(floor=0.05, share=0.9),
    Lane.BULK: Manners(floor=0.2, share=1.0),
}
