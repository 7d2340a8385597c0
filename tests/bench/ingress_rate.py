"""Signed WhatsApp statuses a second through ingress, beside a bare Starlette in the same run."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
import tomllib
from typing import Any

import aio_pika

from bench.medians import spread
from herald.topology import RECEIPTS_QUEUE
from herald_local import processes, services
from herald_local.leash import leashed
from herald_local.ports import free_port
from herald_local.progress import report
from herald_local.stack import Stack
from herald_local.waiting import wait_until
from herald_local.web import call

BARE = "bare-starlette"
HTTP_OK = 200


async def requests(stack: Stack, seconds: float, runs: int) -> dict[str, Any]:
    """Measure both in turn. Only ingress runs meanwhile: what it publishes is purged at the end."""
    others = [name for name in services.NAMES if name != "ingress"]
    services.stop(stack, others)
    port = free_port()
    environment = {**os.environ, "HERALD_HTTP_PORT": str(port), "PYTHONPATH": "tests"}
    processes.launch(stack.home, BARE, leashed([sys.executable, "-m", "bench.bare"]), environment)
    bare: list[float] = []
    ingress: list[float] = []
    try:
        url = f"http://127.0.0.1:{port}/"
        wait_until(
            lambda: call("GET", url).status == HTTP_OK,
            timeout_seconds=20,
            complaint=lambda: "bare Starlette did not start",
        )
        signed = _request(stack.ports["ingress"], *_webhook(stack))
        plain = _request(port, "/", _body(stack), {})
        _hammer(stack.ports["ingress"], signed, 1)
        for number in range(1, runs + 1):
            bare.append(_hammer(port, plain, seconds))
            ingress.append(_hammer(stack.ports["ingress"], signed, seconds))
            report(f"run {number}: {ingress[-1]:.0f} webhooks/s, bare Starlette {bare[-1]:.0f}")
    finally:
        processes.stop(stack.home, [BARE])
        await _purge(stack)
        services.start(stack, others, on_leash=True)
    return {
        "seconds": seconds,
        "runs": runs,
        "ingress_per_second": spread(ingress),
        "bare_starlette_per_second": spread(bare),
        "ratio": round(spread(ingress)["median"] / spread(bare)["median"], 3),
    }


def _hammer(port: int, request: bytes, seconds: float) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "bench.hammering", str(port), str(seconds)],
        input=request,
        env={**os.environ, "PYTHONPATH": "tests"},
        capture_output=True,
        timeout=seconds + 30,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-500:])
    return float(done.stdout)


def _webhook(stack: Stack) -> tuple[str, bytes, dict[str, str]]:
    """Sign a status as Meta would."""
    number = next(iter(tomllib.loads(stack.sandbox_config.read_text())["whatsapp"].values()))
    body = _body(stack)
    digest = hmac.digest(number["app_secret"].encode(), body, "sha256").hex()
    path = "/webhooks/whatsapp_cloud/wa-main"
    return path, body, {"X-Hub-Signature-256": f"sha256={digest}"}


def _body(stack: Stack) -> bytes:
    number = next(iter(tomllib.loads(stack.sandbox_config.read_text())["whatsapp"].values()))
    value = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": number["display_phone_number"],
            "phone_number_id": number["phone_number_id"],
        },
        "statuses": [
            {
                "id": "wamid.HBgLMTU1NTAwMDAwMDEVAgARGBI5QTNDQTVCM0Q0Q0Q2RTY3RTcA",
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
    return json.dumps({"object": "whatsapp_business_account", "entry": entry}).encode()


def _request(port: int, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def _purge(stack: Stack) -> None:
    """Empty the queue of what was told about nobody."""
    async with await aio_pika.connect(stack.servers.amqp_url) as connection:
        channel = await connection.channel()
        queue = await channel.get_queue(RECEIPTS_QUEUE)
        await queue.purge()
