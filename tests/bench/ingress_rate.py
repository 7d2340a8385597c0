"""Signed WhatsApp statuses through ingress, beside a bare Starlette in the same run.

It reports the rate, and the processor time of the process that answers: the rate is also what
broker and generator leave of the machine.
"""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import tomllib
from typing import Any, NamedTuple

import aio_pika

from bench import processor_time
from bench.medians import spread
from herald.contracts.topology import receipts_queue
from herald.contracts.vocabulary import Lane
from herald_local import processes, services
from herald_local.parent_death import dying_with_parent
from herald_local.ports import free_port
from herald_local.progress import report
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

BARE = "bare-starlette"
HTTP_OK = 200
DIFFERENT = 5000  # requests: one in flight twice would wait for itself
_INGRESS = "ingress"


class Answered(NamedTuple):
    """What one process did in one run."""

    per_second: float
    microseconds: int  # of its processor time, for each request


async def requests(stack: Stack, seconds: float, runs: int) -> dict[str, Any]:
    """Measure both in turn. Only ingress runs meanwhile; what it published is purged each time."""
    others = [name for name in services.NAMES if name != _INGRESS]
    services.stop(stack, others)
    port = free_port()
    environment = {**os.environ, "HERALD_OPERATIONS_PORT": str(port), "PYTHONPATH": "tests"}
    processes.launch(
        stack.home, BARE, dying_with_parent([sys.executable, "-m", "bench.bare"]), environment
    )
    bare: list[Answered] = []
    ingress: list[Answered] = []
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_until(
            lambda: call("GET", url).status == HTTP_OK,
            timeout_seconds=20,
            complaint=lambda: "bare Starlette did not start",
        )
        bodies = _bodies(stack)
        signed = _signed(stack, bodies)
        plain = [_request(port, "/", body, {}) for body in bodies]
        _hammer(stack.ports[_INGRESS], signed, 1)
        for number in range(1, runs + 1):
            bare.append(_measured(stack, BARE, port, plain, seconds))
            ingress.append(_measured(stack, _INGRESS, stack.ports[_INGRESS], signed, seconds))
            await _purge(stack)  # a long queue costs the broker more, whoever made it
            report(
                f"run {number}: {_as_words(ingress[-1])}, bare Starlette {_as_words(bare[-1])}",
            )
    finally:
        processes.stop(stack.home, [BARE])
        await _purge(stack)
        services.start(stack, others, die_with_parent=True)
    return _result(seconds, ingress, bare)


def _result(seconds: float, ingress: list[Answered], bare: list[Answered]) -> dict[str, Any]:
    rate, floor = (spread([run.per_second for run in runs]) for runs in (ingress, bare))
    return {
        "seconds": seconds,
        "runs": len(ingress),
        "ingress_per_second": rate,
        "bare_starlette_per_second": floor,
        "ratio": round(rate["median"] / floor["median"], 3),
        "ingress_microseconds_a_webhook": spread([float(run.microseconds) for run in ingress]),
        "bare_starlette_microseconds": spread([float(run.microseconds) for run in bare]),
    }


def _as_words(run: Answered) -> str:
    return f"{run.per_second:.0f}/s at {run.microseconds} µs each"


def _measured(stack: Stack, name: str, port: int, requests: list[str], seconds: float) -> Answered:
    before = processor_time.seconds_by_process(stack)
    rate = _hammer(port, requests, seconds)
    after = processor_time.seconds_by_process(stack)
    each = processor_time.per_message(before, after, max(1, round(rate * seconds)))
    return Answered(rate, each[name])


def _hammer(port: int, requests: list[str], seconds: float) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.hammering", str(port), str(seconds)],
        input=json.dumps(requests),
        text=True,
        env={**os.environ, "PYTHONPATH": "tests"},
        capture_output=True,
        timeout=seconds + 30,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-500:])
    return float(done.stdout)


def _signed(stack: Stack, bodies: list[str]) -> list[str]:
    """Sign statuses as Meta would."""
    port, secret = stack.ports[_INGRESS], _number(stack)["app_secret"].encode()
    path = "/webhooks/whatsapp_cloud/wa-main"
    signatures = [hmac.digest(secret, body.encode(), "sha256").hex() for body in bodies]
    return [
        _request(port, path, body, {"X-Hub-Signature-256": f"sha256={signature}"})
        for body, signature in zip(bodies, signatures, strict=True)
    ]


def _bodies(stack: Stack) -> list[str]:
    """Write calls of one status each, of as many messages."""
    number = _number(stack)
    return [status_body(number, message) for message in range(DIFFERENT)]


def _number(stack: Stack) -> dict[str, str]:
    numbers: dict[str, dict[str, str]] = tomllib.loads(stack.sandbox_config.read_text())[
        "whatsapp_cloud"
    ]
    return next(iter(numbers.values()))


def status_body(number: dict[str, str], message: int) -> str:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number["display_phone_number"],
            "phone_number_id": number["phone_number_id"],
        },
        "statuses": [
            {
                "id": f"wamid.HBgLMTU1NTAwMDAwMDEVAgARGBI5QTNDQTVC{message:012}",
                "status": "delivered",
                "timestamp": "1768824000",
                "recipient_id": "15550000001",
                "conversation": {"id": "8ad0c3b1d4e5f6a7", "origin": {"type": "utility"}},
                "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"},
            }
        ],
    }
    changes = [{"field": "messages", "value": value}]
    entry = [{"id": number["waba_id"], "changes": changes}]
    return json.dumps({"object": "whatsapp_business_account", "entry": entry})


def _request(port: int, path: str, body: str, headers: dict[str, str]) -> str:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines) + "\r\n\r\n" + body


async def _purge(stack: Stack) -> None:
    """Empty the queue of receipts that belong to no message."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(receipts_queue(Lane.NORMAL))
        await queue.purge()
