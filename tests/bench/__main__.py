"""`make bench`: end to end messages per second; the last line on stdout is one JSON object.

The way measured: command -> router -> SMS worker -> sandbox -> `accepted` receipt -> router.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import statistics
import sys
from pathlib import Path

import structlog

from bench.cost import read
from bench.load import end_to_end
from herald_local.lifecycle import running_stack
from herald_local.progress import report
from herald_local.servers import GivenServers, erase
from herald_local.stack import Stack
from herald_local.web import call

HOME = Path(".run/bench").absolute()


def main() -> int:
    """Run the benchmark on a stack of its own."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--messages", type=int, default=3000, help="in each run")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with running_stack(HOME, GivenServers()) as stack:
        call("POST", f"{stack.sandbox_url}/_sandbox/webhooks/off")
        result = asyncio.run(measure(stack, options.messages, options.runs))
    erase(HOME)
    print(json.dumps(result))  # noqa: T201  the result
    return 0


async def measure(stack: Stack, messages: int, runs: int) -> dict[str, object]:
    """Warm up, then measure `runs` times; the cost is that of all runs together."""
    await end_to_end(stack, messages // 3)
    before, rates = await read(stack), []
    for number in range(1, runs + 1):
        rates.append(messages / await end_to_end(stack, messages))
        report(f"run {number}: {rates[-1]:.0f} messages/s")
    after = await read(stack)
    return {
        "bench": "end_to_end",
        "messages": messages,
        "runs": runs,
        "messages_per_second": {
            "median": round(statistics.median(rates)),
            "min": round(min(rates)),
            "max": round(max(rates)),
        },
        "cost_per_message": after.per_message(before, messages * runs),
        "processors": os.cpu_count(),
    }


if __name__ == "__main__":
    sys.exit(main())
