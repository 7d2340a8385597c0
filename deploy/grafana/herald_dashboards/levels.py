"""From which value on a panel turns orange or red."""

from __future__ import annotations

from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"


@dataclass(frozen=True, slots=True)
class Levels:
    """A colour for the lowest values, and for each value from which on another one holds."""

    lowest: str
    steps: tuple[tuple[float, str], ...] = ()

    def config(self) -> ThresholdsConfig:
        """Return them as Grafana has them."""
        steps = [Threshold(value=None, color=self.lowest)]
        steps += [Threshold(value=value, color=colour) for value, colour in self.steps]
        return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


PLAIN = Levels(BLUE)  # a value that is neither good nor bad


def bad_from(red: float, *, orange: float | None = None) -> Levels:
    """High is bad: red from `red` on, orange from `orange` on, green below."""
    warned = () if orange is None else ((orange, ORANGE),)
    return Levels(GREEN, (*warned, (red, RED)))


def good_from(green: float, *, orange: float) -> Levels:
    """Low is bad: green from `green` on, orange from `orange` on, red below."""
    return Levels(RED, ((orange, ORANGE), (green, GREEN)))
