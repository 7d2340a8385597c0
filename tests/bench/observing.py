"""What an observation costs: by a series that is kept, beside one that is looked up each time.

`PYTHONPATH=tests .venv/bin/python -m bench.observing` prints nanoseconds of CPU time.
No server is needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from timeit import repeat

from prometheus_client import CollectorRegistry

from herald.bus.deliveries import Delivery
from herald.bus.metrics import queue_metrics
from herald.contracts.metrics.channel import SENDS
from herald.contracts.metrics.router import FIRST_ACCEPTANCE_SECONDS
from herald.service.instruments import counter, histogram

TIMES, RUNS = 100_000, 7
BATCH = 100


def nanoseconds(work: Callable[[], object], *, each: int = 1) -> int:
    """Return the CPU time that one of `each` takes, in the fastest of some runs."""
    times = TIMES // each
    took = min(repeat(work, timer=time.process_time, number=times, repeat=RUNS))
    return round(took / times / each * 1e9)


def main() -> None:
    """Measure a counter with five labels, a histogram with two, and a queue's delays."""
    registry = CollectorRegistry()
    sends, seconds = counter(SENDS, registry), histogram(FIRST_ACCEPTANCE_SECONDS, registry)
    kept_sends, kept_seconds = cache(sends.labels), cache(seconds.labels)
    call = ("sms", "provider", "account", "accepted", "")
    lane = ("normal", "sms")
    queue = queue_metrics("outbound.sms.normal", registry)
    second = int(time.time())  # as AMQP has it
    deliveries = [Delivery(body=b"", published_at=second) for _ in range(BATCH)]
    figures = {
        "count, looked up": nanoseconds(lambda: sends.labels(*call).inc()),
        "count, kept": nanoseconds(lambda: kept_sends(*call).inc()),
        "observe, looked up": nanoseconds(lambda: seconds.labels(*lane).observe(0.3)),
        "observe, kept": nanoseconds(lambda: kept_seconds(*lane).observe(0.3)),
        "delay of one delivery": nanoseconds(
            lambda: queue.observe_delays(deliveries, time.time()), each=BATCH
        ),
    }
    for what, figure in figures.items():
        print(f"{what:24}{figure:6} ns")  # noqa: T201  the result


if __name__ == "__main__":
    main()
