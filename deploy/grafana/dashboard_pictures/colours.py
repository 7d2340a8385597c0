"""Grafana's colours, as far as the dashboards name them, and a row for those they don't."""

from __future__ import annotations

NAMED = {
    "green": "#56A64B",
    "yellow": "#F2CC0C",
    "orange": "#FF780A",
    "red": "#E02F44",
    "blue": "#3274D9",
    "purple": "#A352CC",
    "super-light-blue": "#8AB8FF",
}
ROW = (
    "#56A64B", "#F2CC0C", "#3274D9", "#FF780A", "#E02F44", "#A352CC", "#37872D", "#E0B400",
    "#1F60C4", "#FA6400", "#C4162A", "#8F3BB8", "#96D98D", "#FFEE52", "#8AB8FF", "#FFB357",
)  # fmt: skip
TEXT, FAINT, LINES, PAGE, PANEL = "#24292E", "#6E7681", "#E1E4E8", "#F4F5F5", "#FFFFFF"


def of_value(value: float, steps: list[dict[str, object]]) -> str:
    """Return the colour that a panel's thresholds give a value."""
    colour = str(steps[0]["color"])
    for step in steps[1:]:
        if value >= float(str(step["value"])):
            colour = str(step["color"])
    return NAMED[colour]
