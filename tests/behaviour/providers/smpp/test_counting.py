"""What is counted of binds and of what comes over them."""

from __future__ import annotations

from prometheus_client import REGISTRY

from behaviour.providers.smpp.making import smpp, started, until
from behaviour.providers.smpp.smsc import Smsc, running
from behaviour.providers.smpp.test_arriving import receipt


def counted(name: str, **labels: str) -> float:
    """Read a sample of the account's."""
    labels = {"channel": "sms", "account": "smpp-main", **labels}
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Binds:
    """How the gauges changed since now: other accounts of this name ran in the same process."""

    def __init__(self) -> None:
        self._before = self._read()

    @property
    def changes(self) -> tuple[float, float]:
        """Ready and missing binds, more than at first."""
        (ready, missing), (ready_before, missing_before) = self._read(), self._before
        return ready - ready_before, missing - missing_before

    @staticmethod
    def _read() -> tuple[float, float]:
        ready = counted("herald_account_connections", state="ready")
        return ready, counted("herald_account_connections", state="missing")


async def test_binds_and_reports() -> None:
    """Binds that are there and those that are missing; reports by what became of them."""
    smsc, binds = Smsc(), Binds()
    async with running(smsc), started(smsc, bind="pair") as (_, bus):
        await until(lambda: binds.changes == (2, 0))
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
    assert binds.changes == (0, 0)


async def test_nobody_there() -> None:
    """All are missing."""
    binds = Binds()
    async with started(Smsc(port=1), binds=3):
        await until(lambda: binds.changes == (0, 3))


async def test_stopping_what_never_started_changes_nothing() -> None:
    """A provider may be stopped before it starts, and twice."""
    binds = Binds()
    account = smpp(1, binds=3)
    await account.provider.stop()
    async with started(Smsc(port=1), binds=3) as (started_account, _):
        await started_account.provider.stop()
    assert binds.changes == (0, 0)
