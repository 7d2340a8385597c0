"""What a message costs a router and a webhook costs ingress is measured on the steps they take."""

from __future__ import annotations

import asyncio

import pytest

from bench import ingress_steps, router_steps


def test_each_step_of_a_router_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step takes what those before it made."""
    monkeypatch.setattr(router_steps, "BATCH", 3)
    monkeypatch.setattr(router_steps, "ROUNDS", 1)
    batch = router_steps.Batch()
    assert all(router_steps.measure(batch, step) > 0 for step in router_steps.STEPS)


def test_each_step_of_a_webhook_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its steps take what those before them made, and a whole ingress answers it."""
    monkeypatch.setattr(ingress_steps, "ROUNDS", 1)
    webhooks = ingress_steps.Webhooks()
    for step in (webhooks.verify, webhooks.read, webhooks.write, webhooks.encode, webhooks.count):
        step()
    served = ingress_steps._served(ingress_steps._ingress(), webhooks.said)
    assert asyncio.run(served) > 0
