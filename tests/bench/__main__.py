"""`make bench`: what Herald does and costs; the last line on stdout is one JSON object.

On one private broker and database; every figure has a floor or a peer in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

import structlog

from bench import (
    fair_share,
    finding,
    growth,
    idle,
    ingress_rate,
    lanes,
    latency,
    machine,
    router_rate,
    throughput,
)
from bench.lean import LeanProvider
from herald_local.lifecycle import running_stack
from herald_local.progress import report
from herald_local.servers import GivenServers, erase
from herald_local.stack import Stack
from herald_local.web import call

HOME = Path(f".run/bench-{os.getpid()}").absolute()  # two at once share nothing but the machine
FULL_HOME = HOME.with_name(f"{HOME.name}-full")  # of the stack whose database is full
PARTS = ("idle", "end_to_end", "router", "latency", "webhooks", "lanes", "ingress", "find", "fair")


def main() -> int:
    """Run the benchmark on a stack of its own."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--only", help=f"some of {','.join(PARTS)}", default=",".join(PARTS))
    parser.add_argument("--messages", type=int, default=10_000, help="in each run")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--growth", action="store_true", help="only: an empty and a full database")
    parser.add_argument("--grown", type=int, default=5_000_000, help="messages of the full one")
    parser.add_argument("--quick", action="store_true", help="few messages: does it all work")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only: there is no {', '.join(sorted(unknown))}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    logging.disable(logging.WARNING)
    provider = LeanProvider()
    messages, runs = (300, 2) if options.quick else (options.messages, options.runs)
    try:
        with running_stack(HOME, GivenServers(), extend=provider.extend) as stack:
            if options.growth:
                result = growing(stack, provider, messages, runs, options.grown)
            else:
                wanted = measure(stack, provider, parts, messages, runs, quick=options.quick)
                result = asyncio.run(wanted)
    finally:
        erase(HOME)
        erase(FULL_HOME)
    print(json.dumps(result))  # noqa: T201  the result
    return 0


def growing(
    empty: Stack, provider: LeanProvider, messages: int, runs: int, grown: int
) -> dict[str, Any]:
    """Measure what a full database costs, beside a stack of its own."""
    other = LeanProvider()
    with running_stack(FULL_HOME, GivenServers(), extend=other.extend) as full:
        stacks = (empty, full)
        for stack in stacks:
            _webhooks(stack, "off")
        wanted = growth.measure(stacks, (provider, other), messages, runs, grown)
        found = asyncio.run(wanted)
        about = asyncio.run(machine.describe(empty))
    return {"bench": "herald", "machine": about, "growth": found}


async def measure(
    stack: Stack,
    provider: LeanProvider,
    parts: list[str],
    messages: int,
    runs: int,
    *,
    quick: bool,
) -> dict[str, Any]:
    """Measure the parts asked for, in the order in which they disturb one another least."""
    found: dict[str, Any] = {"bench": "herald", "machine": await machine.describe(stack)}
    if "idle" in parts:
        report("idle: memory, and time until ready")
        found["idle"] = idle.measure(stack)
    _webhooks(stack, "off")
    if "end_to_end" in parts:
        report("end to end: command to recorded acceptance, Herald and Celery in turn")
        found["end_to_end"] = await throughput.end_to_end(stack, provider, messages, runs)
    if "router" in parts:
        report("router: commands to work, beside a forwarder")
        found["router"] = await router_rate.commands(stack, provider, messages // 2, runs)
    if "latency" in parts:
        report(f"latency: {latency.RATE:g} messages a second")
        found["latency"] = await latency.steady(stack, 60 if quick else 2000)
    _webhooks(stack, "on")
    if "webhooks" in parts:
        report("webhooks: command to the third signed webhook")
        found["webhooks"] = await throughput.with_webhooks(stack, messages // 6, runs)
    if "lanes" in parts:
        report("lanes: a one-time code falls back, alone and behind a campaign")
        campaign, codes = (1000, 20) if quick else (12_000, 100)
        found["lanes"] = await lanes.behind_bulk(stack, campaign, codes)
    if "ingress" in parts:
        report("ingress: signed statuses, and bare Starlette in turn")
        found["ingress"] = await ingress_rate.requests(stack, 1 if quick else 5, runs)
    if "find" in parts:
        number = 20_000 if quick else 1_000_000
        report(f"find: a recipient's messages among {number}")
        found["find"] = await finding.among(stack, number)
    if "fair" in parts:
        report("fair share: urgent messages, a small tenant and a command, behind very many")
        sizes = (10, 20, 500) if quick else (100, 300, 5000)
        found["fair"] = await fair_share.measure(stack, *sizes)
    return found


def _webhooks(stack: Stack, state: str) -> None:
    call("POST", f"{stack.sandbox_url}/_sandbox/webhooks/{state}")


if __name__ == "__main__":
    sys.exit(main())
