"""What the panels of a dashboard are drawn from."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_PORT = re.compile(r"(?<=127\.0\.0\.1):\d+")  # every run has others
_LABEL = re.compile(r"\{\{(\w+)\}\}")


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, and its points with the time in seconds since the start."""

    name: str
    times: list[float]
    values: list[float]

    def at(self, times: list[float]) -> list[float]:
        """Return its values at these times; not-a-number where it has none."""
        known = dict(zip(self.times, self.values, strict=True))
        return [known.get(time, math.nan) for time in times]

    @property
    def latest(self) -> float:
        """The last number, or not-a-number."""
        return next((value for value in reversed(self.values) if math.isfinite(value)), math.nan)

    @property
    def highest(self) -> float:
        """The highest number, or not-a-number."""
        return max((value for value in self.values if math.isfinite(value)), default=math.nan)


@dataclass(frozen=True, slots=True)
class Answers:
    """The series of each panel, by its id."""

    seconds: float  # from the start to the end
    panels: Mapping[int, list[Series]]


def read(path: Path) -> Answers:
    """Read what a run left."""
    kept = json.loads(path.read_text())
    panels: dict[int, list[Series]] = {}
    for answer in kept["answers"]:
        for series in answer["series"]:
            name = _named(answer["legend"], series["metric"])
            panels.setdefault(answer["panel"], []).append(
                Series(
                    name,
                    [time - kept["start"] for time, _ in series["values"]],
                    [float(number) for _, number in series["values"]],
                )
            )
    return Answers(kept["end"] - kept["start"], panels)


def _named(legend: str, labels: Mapping[str, str]) -> str:
    name = _LABEL.sub(lambda found: labels.get(found[1], ""), legend).strip()
    return _PORT.sub("", name)
