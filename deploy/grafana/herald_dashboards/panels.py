"""The kinds of panels that the dashboards are made of.

Each takes its title, what it says to whoever looks (shown behind the panel's "i"), and the queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    heatmap,
    prometheus,
    stat,
    statetimeline,
    timeseries,
)
from grafana_foundation_sdk.builders.dashboard import FieldColor
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard
from grafana_foundation_sdk.models import heatmap as heatmap_kinds
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from herald_dashboards.colours import COLOURED_LEGENDS, FIXED
from herald_dashboards.levels import GREEN, PLAIN, RED, Levels
from herald_dashboards.links import runbook
from herald_dashboards.scoping import scoped
from herald_dashboards.variables import DATASOURCE

Panel = Builder[dashboard.Panel]

HEIGHT = 8  # rows of Grafana's grid; a panel is as wide as `width` of its 24 columns
FIGURE_HEIGHT = 4
NAMES = "ABCDEFGH"  # of a panel's queries


@dataclass(frozen=True, slots=True)
class Query:
    """One query and how its series are named, from their labels: `{{channel}}`."""

    expression: str
    legend: str


class _Common(Protocol):
    """What every kind of panel of the SDK can be given."""

    def title(self, title: str) -> Self: ...
    def description(self, description: str) -> Self: ...
    def datasource(self, datasource: dashboard.DataSourceRef) -> Self: ...
    def unit(self, unit: str) -> Self: ...
    def thresholds(self, thresholds: Builder[dashboard.ThresholdsConfig]) -> Self: ...
    def span(self, w: int) -> Self: ...
    def height(self, h: int) -> Self: ...
    def links(self, links: list[Builder[dashboard.DashboardLink]]) -> Self: ...
    def targets(self, targets: list[Builder[Dataquery]]) -> Self: ...


P = TypeVar("P", bound=_Common)


def _described(
    panel: P,
    title: str,
    says: str,
    *,
    unit: str,
    levels: Levels,
    width: int,
    height: int,
    runbooks: Sequence[str],
) -> P:
    panel = panel.title(title).description(says).datasource(DATASOURCE).unit(unit)
    panel = panel.thresholds(levels.config()).span(width).height(height)
    return panel.links([runbook(alert) for alert in runbooks])


def _over_time(queries: Sequence[Query]) -> list[Builder[Dataquery]]:
    return [
        prometheus.Dataquery()
        .expr(scoped(query.expression))
        .legend_format(query.legend)
        .ref_id(name)
        .datasource(DATASOURCE)
        .range()
        for name, query in zip(NAMES, queries, strict=False)
    ]


def _now(query: Query) -> list[Builder[Dataquery]]:
    single = prometheus.Dataquery().expr(scoped(query.expression)).legend_format(query.legend)
    return [single.ref_id("A").datasource(DATASOURCE).instant()]


def lines(
    title: str,
    says: str,
    *queries: Query,
    unit: str,
    levels: Levels | None = None,
    stacked: bool = False,
    width: int = 12,
    top: float | None = None,
    runbooks: Sequence[str] = (),
) -> Panel:
    """Draw series over time; `levels` are dashed lines, `top` the highest possible value."""
    panel = _described(
        timeseries.Panel(),
        title,
        says,
        unit=unit,
        levels=levels or PLAIN,
        width=width,
        height=HEIGHT,
        runbooks=runbooks,
    )
    panel = panel.targets(_over_time(queries)).min(0).line_width(1)
    panel = panel.fill_opacity(30 if stacked else 8).show_points(kinds.VisibilityMode.NEVER)
    panel = panel.color_scheme(FieldColor().mode(dashboard.FieldColorModeId.PALETTE_CLASSIC))
    panel = panel.legend(_legend()).tooltip(_tooltip())
    if top is not None:
        panel = panel.max(top)
    if stacked:
        panel = panel.stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL).group("A"))
    if levels is not None:
        dashed = kinds.GraphThresholdsStyleMode.DASHED
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(dashed))
    coloured = any(query.legend in COLOURED_LEGENDS for query in queries)
    for name, colour in FIXED.items() if coloured else ():
        fixed: object = {"mode": "fixed", "fixedColor": colour}
        panel = panel.override_by_name(name, [dashboard.DynamicConfigValue("color", fixed)])
    return panel


def _legend() -> common.VizLegendOptions:
    legend = common.VizLegendOptions().show_legend(True)
    legend = legend.display_mode(kinds.LegendDisplayMode.LIST)
    return legend.placement(kinds.LegendPlacement.BOTTOM).calcs([])


def _tooltip() -> common.VizTooltipOptions:
    tooltip = common.VizTooltipOptions().mode(kinds.TooltipDisplayMode.MULTI)
    return tooltip.sort(kinds.SortOrder.DESCENDING)


def figure(
    title: str,
    says: str,
    query: Query,
    *,
    unit: str,
    levels: Levels | None = None,
    width: int = 4,
    height: int = FIGURE_HEIGHT,
    decimals: int | None = None,
    whole_range: bool = False,
    runbooks: Sequence[str] = (),
) -> Panel:
    """Show one number: the latest, or with `whole_range` one about the chosen time."""
    panel = _described(
        stat.Panel(),
        title,
        says,
        unit=unit,
        levels=levels or PLAIN,
        width=width,
        height=height,
        runbooks=runbooks,
    )
    panel = panel.targets(_now(query) if whole_range else _over_time([query]))
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel = panel.color_mode(kinds.BigValueColorMode.VALUE).no_value("no data")
    graph = kinds.BigValueGraphMode.NONE if whole_range else kinds.BigValueGraphMode.AREA
    panel = panel.graph_mode(graph)
    return panel if decimals is None else panel.decimals(decimals)


def bars(
    title: str,
    says: str,
    query: Query,
    *,
    unit: str,
    levels: Levels | None = None,
    width: int = 12,
    runbooks: Sequence[str] = (),
) -> Panel:
    """Compare numbers about the chosen time, one bar a series."""
    panel = _described(
        bargauge.Panel(),
        title,
        says,
        unit=unit,
        levels=levels or PLAIN,
        width=width,
        height=HEIGHT,
        runbooks=runbooks,
    )
    panel = panel.targets(_now(query)).orientation(kinds.VizOrientation.HORIZONTAL)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
    panel = panel.display_mode(kinds.BarGaugeDisplayMode.BASIC).show_unfilled(False)
    panel = panel.value_mode(kinds.BarGaugeValueMode.TEXT)
    return panel.name_placement(kinds.BarGaugeNamePlacement.LEFT).min(0).decimals(0)


def states(
    title: str,
    says: str,
    query: Query,
    *,
    good: str,
    bad: str,
    width: int = 12,
    runbooks: Sequence[str] = (),
) -> Panel:
    """Show when each series was 1, which is `good`, and when it was 0, which is `bad`."""
    panel = _described(
        statetimeline.Panel(),
        title,
        says,
        unit="none",
        levels=Levels(RED, ((1, GREEN),)),
        width=width,
        height=HEIGHT,
        runbooks=runbooks,
    )
    named = {
        "0": dashboard.ValueMappingResult(text=bad, color=RED, index=0),
        "1": dashboard.ValueMappingResult(text=good, color=GREEN, index=1),
    }
    panel = panel.targets(_over_time([query])).mappings([dashboard.ValueMap(options=named)])
    panel = panel.show_value(kinds.VisibilityMode.NEVER).merge_values(True).row_height(0.8)
    return panel.fill_opacity(80).line_width(0).legend(_legend()).tooltip(_tooltip())


def heat(
    title: str,
    says: str,
    query: Query,
    *,
    unit: str,
    width: int = 12,
    runbooks: Sequence[str] = (),
) -> Panel:
    """Draw how many observations fell into each bucket of a histogram; legend: `{{le}}`."""
    panel = _described(
        heatmap.Panel(),
        title,
        says,
        unit=unit,
        levels=PLAIN,
        width=width,
        height=HEIGHT,
        runbooks=runbooks,
    )
    target = prometheus.Dataquery().expr(scoped(query.expression)).legend_format(query.legend)
    target = target.ref_id("A").datasource(DATASOURCE).range().format(PromQueryFormat.HEATMAP)
    colours = heatmap.HeatmapColorOptions().mode(heatmap_kinds.HeatmapColorMode.SCHEME)
    colours = colours.scheme("Oranges").exponent(0.5).steps(64)
    panel = panel.targets([target]).calculate(False).color(colours)
    panel = panel.y_axis(heatmap.YAxisConfig().unit(unit).reverse(False))
    return panel.cell_gap(1).show_legend()
