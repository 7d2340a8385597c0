"""Numbers as a panel's unit has them."""

from __future__ import annotations

PER_SECOND = {"mps": "msg/s", "reqps": "req/s", "cps": "/s", "eps": "events/s", "rowsps": "rows/s"}
_TIMES = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"))
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_COUNTS = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """Write a number in a unit of Grafana's."""
    if unit == "percentunit":
        return f"{value * 100:.{1 if decimals is None else decimals}f} %"
    if unit == "s":
        return _scaled(value, _TIMES)
    if unit == "bytes":
        return _scaled(value, _SIZES)
    number = f"{value:.{decimals}f}" if decimals is not None else _scaled(value, _COUNTS)
    return f"{number.strip()} {PER_SECOND.get(unit, '')}".strip()


def _scaled(value: float, steps: tuple[tuple[float, str], ...]) -> str:
    if value == 0:
        return f"0 {next(name for step, name in steps if step == 1)}".strip()
    step, name = next((one for one in steps if abs(value) >= one[0]), steps[-1])
    return f"{value / step:.3g} {name}".strip()
