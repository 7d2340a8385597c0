"""What is counted of binds and of what comes over them."""

from __future__ import annotations

from prometheus_client import REGISTRY

from behaviour.providers.smpp.making import started, until
from behaviour.providers.smpp.smsc import Smsc, running
from behaviour.providers.smpp.test_arriving import receipt


def counted(name: str, **labels: str) -> float:
    """Read a sample of the account's."""
    labels = {"channel": "sms", "account": "smpp-main", **labels}
    return REGISTRY.get_sample_value(name, labels) or 0.0


async def test_binds_and_reports() -> None:
    """Binds that are there and those that are missing; reports by what became of them."""
    smsc = Smsc()
    async with running(smsc), started(smsc, bind="pair") as (_, bus):
        await until(lambda: counted("herald_account_connections", state="ready") == 2)
        assert counted("herald_account_connections", state="missing") == 0
        before = {
            result: counted("herald_account_reports_total", result=result)
            for result in ("taken", "put_off", "refused")
        }
        await smsc.sessions[0].deliver(receipt())
        await smsc.sessions[0].deliver(b"")
        bus.away = True
        await smsc.sessions[0].deliver(receipt())
        for result, number in before.items():
            assert counted("herald_account_reports_total", result=result) == number + 1
    for state in ("ready", "missing"):
        assert counted("herald_account_connections", state=state) == 0


async def test_nobody_there() -> None:
    """All are missing."""
    async with started(Smsc(port=1), binds=3):
        await until(lambda: counted("herald_account_connections", state="missing") == 3)
        assert counted("herald_account_connections", state="ready") == 0
