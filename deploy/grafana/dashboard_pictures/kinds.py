"""How each kind of panel is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dashboard_pictures.answers import Series
from dashboard_pictures.colours import FAINT, LINES, NAMED, ROW, TEXT, of_value
from dashboard_pictures.grid import COLUMN_INCHES
from dashboard_pictures.units import PER_SECOND, written

LEGEND_LINES = 3  # what does not find room is counted
LONGEST_NAME = 34
LETTER_INCHES, SIGN_INCHES = 0.062, 0.34  # of a legend's text; of what stands before each name
FEW = 4  # series whose surfaces may be filled


def lines(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], seconds: float) -> None:
    """Draw series over time, one over the other or stacked."""
    defaults = panel["fieldConfig"]["defaults"]
    stacked = defaults["custom"].get("stacking", {}).get("mode") == "normal"
    colours = _colours(panel, series)
    times = sorted({time for one in series for time in one.times})
    if stacked:
        series, colours = _without_zeros(series, colours)
        heights = [np.nan_to_num(one.at(times)) for one in series]
        axes.stackplot(times, *heights, colors=colours, alpha=0.55, linewidth=0.6)
    else:
        for one, colour in zip(series, colours, strict=True):
            axes.plot(times, one.at(times), color=colour, linewidth=1.2)
            if len(series) <= FEW:
                axes.fill_between(times, one.at(times), color=colour, alpha=0.06, linewidth=0)
    _over_time(axes, seconds)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    _numbered(axes, defaults["unit"])
    highest = max((one.highest for one in series if one.highest > 0), default=0)
    axes.set_ylim(0, defaults.get("max") or (axes.get_ylim()[1] if highest else 1))
    if defaults["custom"].get("thresholdsStyle", {}).get("mode") == "dashed":
        for step in defaults["thresholds"]["steps"][1:]:
            if step["value"] <= axes.get_ylim()[1]:
                axes.axhline(step["value"], color=NAMED[step["color"]], linestyle="--", linewidth=1)
    _legend(axes, series, colours, panel["gridPos"]["w"] * COLUMN_INCHES)


def figure(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], seconds: float) -> None:
    """Show one number, over the line of what it was."""
    defaults = panel["fieldConfig"]["defaults"]
    one = series[0]
    colour = of_value(one.latest, defaults["thresholds"]["steps"])
    decimals = defaults.get("decimals")
    text = written(one.latest, defaults["unit"], None if decimals is None else int(decimals))
    axes.axis("off")
    if len(one.times) > 1:
        values = np.nan_to_num(one.values)
        axes.fill_between(one.times, values, color=colour, alpha=0.15, linewidth=0)
        axes.plot(one.times, values, color=colour, linewidth=1, alpha=0.6)
        axes.set_ylim(0, max(values.max() * 2.6, 1e-9))
        axes.set_xlim(0, seconds)
    axes.text(
        0.5, 0.55, text, transform=axes.transAxes, ha="center", va="center",
        fontsize=21, fontweight="bold", color=colour,
    )  # fmt: skip


def bars(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], seconds: float) -> None:
    """Compare numbers, the largest on top."""
    del seconds
    unit = panel["fieldConfig"]["defaults"]["unit"]
    ordered = sorted(series, key=lambda one: one.latest)
    places = range(len(ordered))
    widths = [one.latest for one in ordered]
    axes.barh(places, widths, color=NAMED["blue"], alpha=0.75, height=0.7)
    axes.set_yticks(places, [one.name for one in ordered], fontsize=7.5, color=TEXT)
    axes.set_xlim(0, max(widths) * 1.12)
    axes.set_xticks([])
    for place, width in zip(places, widths, strict=True):
        axes.text(
            width, place, " " + written(width, unit, 0), va="center", fontsize=7.5, color=TEXT
        )
    for side in axes.spines.values():
        side.set_visible(False)


def states(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], seconds: float) -> None:
    """Show when each series was 1 and when it was 0."""
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    named = panel["fieldConfig"]["defaults"]["mappings"][0]["options"]
    step = series[0].times[1] - series[0].times[0] if len(series[0].times) > 1 else seconds
    ordered = sorted(series, key=lambda one: one.name, reverse=True)
    for place, one in enumerate(ordered):
        pieces = [(time, step) for time in one.times]
        colours = [of_value(value, steps) for value in one.values]
        axes.broken_barh(pieces, (place - 0.38, 0.76), facecolors=colours, alpha=0.85, linewidth=0)
    axes.set_yticks(range(len(ordered)), [one.name for one in ordered], fontsize=7.5, color=TEXT)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    _over_time(axes, seconds)
    axes.grid(visible=False)
    for number, side in (("1", 0.0), ("0", 0.25)):
        colour = NAMED[named[number]["color"]]
        _mark(axes, side, named[number]["text"], colour)


def heat(axes: Axes, panel: Mapping[str, Any], series: Sequence[Series], seconds: float) -> None:
    """Draw how many observations a second fell into each bucket."""
    unit = panel["fieldConfig"]["defaults"]["unit"]
    bounds = sorted((float(one.name), one) for one in series if one.name != "+Inf")
    times = bounds[0][1].times
    counts = np.array([np.nan_to_num(one.at(times)) for _, one in bounds])
    within = np.diff(counts, axis=0, prepend=0).clip(min=0)
    within[within < within.max() / 500] = math.nan
    axes.pcolormesh(
        [*times, times[-1] + times[1] - times[0]],
        range(len(bounds) + 1),
        within,
        cmap="Oranges",
        norm=PowerNorm(0.5, vmin=0),
    )
    axes.set_yticks(
        range(1, len(bounds) + 1), [written(bound, unit) for bound, _ in bounds], fontsize=7
    )
    _over_time(axes, seconds)


def _over_time(axes: Axes, seconds: float) -> None:
    axes.set_xlim(0, seconds)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 3, 6, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{int(v) // 60}:{int(v) % 60:02}"))
    axes.tick_params(labelsize=7.5, colors=FAINT, length=0)
    axes.grid(visible=True, color=LINES, linewidth=0.7)
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _numbered(axes: Axes, unit: str) -> None:
    """Write the unit once, above the numbers, where it is long."""
    rate = PER_SECOND.get(unit)
    plain = "short" if rate else unit
    axes.yaxis.set_major_formatter(FuncFormatter(lambda v, _: written(v, plain)))
    if rate:
        axes.text(
            -0.01, 1.02, rate, transform=axes.transAxes, ha="right", fontsize=6.5, color=FAINT
        )


def _colours(panel: Mapping[str, Any], series: Sequence[Series]) -> list[str]:
    fixed = {
        override["matcher"]["options"]: NAMED[override["properties"][0]["value"]["fixedColor"]]
        for override in panel["fieldConfig"].get("overrides", [])
    }
    return [fixed.get(one.name, ROW[place % len(ROW)]) for place, one in enumerate(series)]


def _without_zeros(
    series: Sequence[Series], colours: list[str]
) -> tuple[Sequence[Series], list[str]]:
    kept = [pair for pair in zip(series, colours, strict=True) if pair[0].highest > 0]
    kept = kept or [(series[0], colours[0])]
    return [one for one, _ in kept], [colour for _, colour in kept]


def _legend(axes: Axes, series: Sequence[Series], colours: Sequence[str], inches: float) -> None:
    pairs = sorted(zip(series, colours, strict=True), key=lambda pair: -(pair[0].highest or 0))
    pairs = [pair for pair in pairs if pair[0].highest > 0] or pairs[:1]
    handles = [axes.plot([], [], color=colour, linewidth=3)[0] for _, colour in pairs]
    names = [one.name[:LONGEST_NAME] for one, _ in pairs]
    columns = max(1, int(inches / (SIGN_INCHES + LETTER_INCHES * max(map(len, names)))))
    room = columns * LEGEND_LINES - 1
    if len(names) > room + 1:
        names = [*names[:room], f"and {len(names) - room} more"]
        handles = [*handles[:room], axes.plot([], [], color="none")[0]]
    axes.legend(
        handles, names, loc="upper left", bbox_to_anchor=(-0.02, -0.1), ncols=columns,
        fontsize=7, frameon=False, handlelength=1, columnspacing=1.2, labelcolor=TEXT,
    )  # fmt: skip


def _mark(axes: Axes, side: float, text: str, colour: str) -> None:
    axes.text(side, -0.2, f"\u25a0 {text}", transform=axes.transAxes, fontsize=7.5, color=colour)
