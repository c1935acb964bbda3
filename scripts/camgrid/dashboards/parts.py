"""What dashboards are made of: a number now, lines over time, a table; all of one look."""

from __future__ import annotations

from itertools import count
from typing import Any

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.models import common as words
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from camgrid.dashboards.limits import Limit

WIDTH = 24
# What is so, and no fault; what is not so is left grey.
_YES, _NO_COLOUR = Limit(1, below=False, colour="blue"), "text"
_SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")


def dashboard_of(
    uid: str, title: str, text: str, sections: dict[str, list[Any]], *choices: dashboard.QueryVariable
) -> model.Dashboard:
    """A dashboard for any Prometheus that Grafana knows. sections: heading → panels; choices: what a reader picks."""
    source = dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    others = dashboard.DashboardLink("camgrid").type(model.DashboardLinkType.DASHBOARDS).tags(["camgrid"])
    made = (
        dashboard.Dashboard(title)
        .uid(uid)
        .description(text)
        .tags(["camgrid"])
        .readonly()
        .timezone("browser")
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(others.as_dropdown(True).include_vars(True).keep_time(True))
        .with_variable(source)
    )
    for variable in choices:
        made = made.with_variable(variable)
    numbers = count(1)
    for heading, panels in sections.items():
        made = made.with_row(dashboard.Row(heading).id(next(numbers)))
        for panel in panels:
            made = made.with_panel(panel.id(next(numbers)))
    return made.build()


def choice(name: str, label: str, values: str) -> dashboard.QueryVariable:
    """A variable with any of the values that a query of Grafana's own finds (label_values(…)); all of them at first."""
    everything = model.VariableOption(selected=True, text=["All"], value=["$__all"])
    return (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query(values)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.NATURAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(everything)
    )


def number(title: str, unit: str, expression: str, text: str, *limits: Limit) -> stat.Panel:
    """What a value is now, coloured by limits; six stand side by side."""
    panel = (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(False))
        .color_mode(words.BigValueColorMode.VALUE)
        .graph_mode(words.BigValueGraphMode.NONE)
        .height(4)
        .span(4)
        .no_value("-")
        .with_target(_asked(expression, "", 0).instant())
    )
    return _described(panel, title, unit, text, limits)


def lines(
    title: str, unit: str, *series: tuple[str, str], text: str = "", limits: tuple[Limit, ...] = ()
) -> timeseries.Panel:
    """Values over time, two side by side. series: expression and legend; limits are drawn as dashed lines."""
    style = words.GraphThresholdsStyleMode.DASHED if limits else words.GraphThresholdsStyleMode.OFF
    panel = (
        timeseries.Panel()
        .height(8)
        .span(12)
        .min(0)
        .fill_opacity(8)
        .show_points(words.VisibilityMode.NEVER)
        .thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
        .legend(
            common.VizLegendOptions()
            .display_mode(words.LegendDisplayMode.LIST)
            .placement(words.LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common.VizTooltipOptions().mode(words.TooltipDisplayMode.MULTI).sort(words.SortOrder.DESCENDING))
    )
    for index, (expression, legend) in enumerate(series):
        panel = panel.with_target(_asked(expression, legend, index).range())
    return _described(panel, title, unit, text, limits)


def states(title: str, *series: tuple[str, str], text: str = "", limits: tuple[Limit, ...] = ()) -> statetimeline.Panel:
    """Yes and no over time, two side by side. limits: which of both is wrong; without them neither is."""
    panel = statetimeline.Panel().height(8).span(12).show_value(words.VisibilityMode.NEVER).merge_values(True)
    for index, (expression, legend) in enumerate(series):
        panel = panel.with_target(_asked(expression, legend, index).range())
    return _described(panel, title, "bool_yes_no", text, limits or (_YES,))


def listing(title: str, expression: str, text: str) -> table.Panel:
    """A row for each series that there is now, with its labels."""
    target = _asked(expression, "", 0).instant().format(PromQueryFormat.TABLE)
    panel = table.Panel().height(8).span(WIDTH).no_value("none").with_target(target)
    return _described(panel, title, "short", text, ())


def _asked(expression: str, legend: str, index: int) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(_SOURCE).expr(expression).ref_id("ABCDEFGH"[index])
    return query.legend_format(legend) if legend else query


def _described(panel: Any, title: str, unit: str, text: str, limits: tuple[Limit, ...]) -> Any:
    panel = panel.datasource(_SOURCE).title(title).unit(unit)
    if limits:
        panel = panel.thresholds(dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(_steps(limits)))
    return panel.description(text) if text else panel


def _steps(limits: tuple[Limit, ...]) -> list[model.Threshold]:
    """A colour from each number on: green beyond the limits, on whichever side that is."""
    ordered = sorted(limits, key=lambda limit: limit.number)
    colours = [limit.colour for limit in ordered]
    good = _NO_COLOUR if ordered == [_YES] else "green"
    colours = [*colours, good] if ordered[0].below else [good, *colours]
    numbers = [None, *(limit.number for limit in ordered)]
    return [model.Threshold(value, colour) for value, colour in zip(numbers, colours, strict=True)]
