"""A whole dashboard on one picture, its panels where Grafana would place them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from dashboard_pictures import kinds
from dashboard_pictures.answers import Answers
from dashboard_pictures.colours import FAINT, LINES, PAGE, PANEL, TEXT
from dashboard_pictures.grid import COLUMN_INCHES, COLUMNS, ROW_INCHES

TITLE_ROWS = 3.0
DOTS = 80  # an inch
COLOURS = 200  # of a picture: fewer make smaller files

DRAWN = {
    "timeseries": kinds.lines,
    "stat": kinds.figure,
    "bargauge": kinds.bars,
    "state-timeline": kinds.states,
    "heatmap": kinds.heat,
}
# Room that axes leave in their panel, in inches: left, right, below, above.
ROOM = {
    "timeseries": (0.62, 0.15, 0.78, 0.46),
    "stat": (0.05, 0.05, 0.06, 0.36),
    "bargauge": (2.2, 0.25, 0.12, 0.38),
    "state-timeline": (1.65, 0.15, 0.55, 0.38),
    "heatmap": (0.62, 0.15, 0.35, 0.38),
}

mpl.rcParams["font.family"] = "DejaVu Sans"


def draw(dashboard: Mapping[str, Any], answers: Answers, path: Path) -> None:
    """Draw a dashboard's panels from their answers into a PNG file."""
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in dashboard["panels"])
    width, height = COLUMNS * COLUMN_INCHES, (rows + TITLE_ROWS) * ROW_INCHES
    figure = Figure(figsize=(width, height), dpi=DOTS, facecolor=PAGE)
    _heading(figure, dashboard, height)
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        left = place["x"] * COLUMN_INCHES
        below = height - (TITLE_ROWS + place["y"] + place["h"]) * ROW_INCHES
        box = (left, below, place["w"] * COLUMN_INCHES, place["h"] * ROW_INCHES)
        if panel["type"] == "row":
            figure.text(
                (left + 0.12) / width, (below + 0.09) / height, panel["title"],
                fontsize=11, fontweight="bold", color=TEXT,
            )  # fmt: skip
        else:
            _panel(figure, panel, answers, box)
    figure.savefig(path, facecolor=PAGE)
    _shrink(path)


def _heading(figure: Figure, dashboard: Mapping[str, Any], height: float) -> None:
    width = COLUMNS * COLUMN_INCHES
    figure.text(
        0.14 / width, 1 - 0.42 / height, dashboard["title"],
        fontsize=15, fontweight="bold", color=TEXT,
    )  # fmt: skip
    figure.text(
        0.14 / width, 1 - 0.72 / height, dashboard["description"], fontsize=9.5, color=FAINT
    )


def _panel(
    figure: Figure,
    panel: Mapping[str, Any],
    answers: Answers,
    box: tuple[float, float, float, float],
) -> None:
    width, height = figure.get_size_inches()
    left, below, wide, high = box
    gap = 0.05
    frame = FancyBboxPatch(
        ((left + gap) / width, (below + gap) / height),
        (wide - 2 * gap) / width,
        (high - 2 * gap) / height,
        boxstyle="square,pad=0",
        transform=figure.transFigure,
        facecolor=PANEL,
        edgecolor=LINES,
        zorder=-1,
    )
    figure.add_artist(frame)
    figure.text(
        (left + 0.15) / width, (below + high - 0.25) / height, panel["title"],
        fontsize=9, fontweight="bold", color=TEXT,
    )  # fmt: skip
    room = ROOM[panel["type"]]
    axes = figure.add_axes(
        (
            (left + room[0]) / width,
            (below + room[2]) / height,
            (wide - room[0] - room[1]) / width,
            (high - room[2] - room[3]) / height,
        )
    )
    axes.set_facecolor(PANEL)
    series = answers.panels.get(panel["id"])
    if series:
        DRAWN[panel["type"]](axes, panel, series, answers.seconds)
    else:
        axes.axis("off")
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", color=FAINT)


def _shrink(path: Path) -> None:
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
