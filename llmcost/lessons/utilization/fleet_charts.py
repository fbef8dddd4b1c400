"""Charts of an own fleet under its load: what a promise costs, how it follows the hours, what a
dashboard shows, and a playground in which Python answers each move of a slider."""

import math
from dataclasses import replace

import altair as alt
import ipywidgets
import pandas as pd
from IPython.display import display

from llmcost.lessons.utilization.load_charts import PERCENT, price_chart
from llmcost.model.fleet import delivered_utilization, gpu_usd_per_mtok
from llmcost.study.fleets.utilization import OwnFleet, cost_by_utilization
from llmcost.study.wording import number, percent, usd
from llmcost.views.chart_parts import halo, level
from llmcost.views.theme import COLOURS, layered, log_ticks


def promise_chart(
    sweep: pd.DataFrame, marks: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """What a limit on the time between tokens costs a month.

    sweep  limit_seconds, usd_per_month
    marks  limit_seconds, usd_per_month, text: points to name; a row without usd_per_month is a
           vertical rule
    """
    sweep, marks = (
        frame.assign(milliseconds=frame["limit_seconds"] * 1e3) for frame in (sweep, marks)
    )
    ticks = log_ticks(float(sweep["milliseconds"].min()), float(sweep["milliseconds"].max()))
    x = alt.X(
        "milliseconds:Q",
        scale=alt.Scale(type="log", nice=False, padding=16),
        title="limit on the milliseconds between tokens, log scale",
        axis=alt.Axis(format=",~g", values=ticks),
    )
    y = alt.Y(
        "usd_per_month:Q",
        title="USD per month, GPUs alone",
        scale=alt.Scale(zero=True),
        axis=alt.Axis(format="$,~s"),
    )
    line = (
        alt.Chart(sweep).mark_line(color=COLOURS["own"], interpolate="step-after").encode(x=x, y=y)
    )
    points, rules = marks.dropna(subset="usd_per_month"), marks[marks["usd_per_month"].isna()]
    dots = alt.Chart(points).mark_point(size=110, color=COLOURS["own"], opacity=1).encode(x=x, y=y)
    middle = (sweep["milliseconds"].min() * sweep["milliseconds"].max()) ** 0.5  # of a log axis
    is_right = points["milliseconds"].max() > middle
    side = {"align": "right", "dx": -10} if is_right else {"align": "left", "dx": 10}
    names = halo(alt.Chart(points).encode(x=x, y=y, text=alt.Text("text:N")), dy=-12, **side)
    rule = alt.Chart(rules).mark_rule().encode(x=x)
    limit = halo(
        alt.Chart(rules).encode(x=x, y=alt.YValue(12), text=alt.Text("text:N")), align="left", dx=6
    )
    return layered([rule, line, dots, *names, *limit], title, subtitle, 300)


def following_chart(hours: pd.DataFrame, static_count: float, title: str) -> alt.LayerChart:
    """A week of the load under the fleet that follows it and the one that stands still.

    hours  day (hours since the start / 24), load_replicas, billed_replicas
    """
    x = alt.X(
        "day:Q",
        title="day of the record",
        axis=alt.Axis(values=list(range(8))),
        scale=alt.Scale(nice=False),
    )
    top = alt.Scale(domain=[0, 1.15 * static_count], nice=False)
    load = alt.Chart(hours).mark_area(color=COLOURS["own"], opacity=0.35, interpolate="step-after")
    billed = alt.Chart(hours).mark_line(
        color=COLOURS["own"], interpolate="step-after", strokeWidth=1.5
    )
    static = {"replicas": [static_count], "text": [f"standing still: {static_count:g} replicas"]}
    layers = [
        load.encode(x=x, y=alt.Y("load_replicas:Q", title="replicas", scale=top)),
        billed.encode(x=x, y=alt.Y("billed_replicas:Q")),
        *level(pd.DataFrame(static), "replicas"),
    ]
    subtitle = "A week. Area: load. Line: billed replicas, headroom and spares included"
    return layered(layers, title, subtitle, 280)


def busy_chart(
    curve: pd.DataFrame, points: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """Time busy against utilization, with a dashed line where the two would be equal.

    curve   utilization_fraction, time_busy_fraction: one replica as its load rises
    points  the same, text and own
    """
    x = alt.X(
        "utilization_fraction:Q", title="utilization", axis=PERCENT, scale=alt.Scale(domain=[0, 1])
    )
    y = alt.Y(
        "time_busy_fraction:Q",
        title="share of the time busy",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, 1.06], nice=False),
    )
    line = alt.Chart(curve).mark_line(color=COLOURS["load"]).encode(x=x, y=y)
    same = alt.Chart(pd.DataFrame({"utilization_fraction": [0, 1], "time_busy_fraction": [0, 1]}))
    diagonal = same.mark_line(color=COLOURS["muted"], strokeDash=[5, 4]).encode(x=x, y=y)
    colour = alt.condition("datum.own", alt.value(COLOURS["own"]), alt.value(COLOURS["load"]))
    dots = alt.Chart(points).mark_point(size=130, opacity=1).encode(x=x, y=y, color=colour)
    names = halo(
        alt.Chart(points).encode(x=x, y=y, text=alt.Text("text:N")), align="left", dx=11, dy=1
    )
    return layered([diagonal, line, dots, *names], title, subtitle, 280)


def fleet_playground(fleet: OwnFleet, rivals: pd.DataFrame) -> ipywidgets.VBox:
    """Replicas, utilization and price of a token at any volume, peak, headroom and number of
    spares.

    rivals  usd_per_mtok, text, thing: what the same work costs elsewhere; may be empty
    """
    highest, above = (
        math.log10(max(50.0, 2 * fleet.peak_to_mean_ratio)),
        max(3.0, 2 * fleet.headroom_fraction),
    )
    sliders = {
        "volume_ratio": ipywidgets.FloatLogSlider(
            1.0, min=-1, max=2, step=0.05, description="volume, times today's"
        ),
        "peak_to_mean_ratio": ipywidgets.FloatLogSlider(
            fleet.peak_to_mean_ratio, min=0, max=highest, step=0.02, description="peak to mean"
        ),
        "headroom_fraction": ipywidgets.FloatSlider(
            fleet.headroom_fraction, min=0, max=above, step=0.01, description="headroom"
        ),
        "spare_count": ipywidgets.IntSlider(
            fleet.spare_count, min=0, max=max(4, fleet.spare_count), description="spares"
        ),
    }
    for each in sliders.values():
        each.style.description_width, each.layout.width = "150px", "520px"
        each.continuous_update = False

    def show(**moved):
        display(moved_fleet_chart(fleet, rivals, **moved))

    return ipywidgets.VBox([*sliders.values(), ipywidgets.interactive_output(show, sliders)])


def moved_fleet_chart(
    fleet: OwnFleet,
    rivals: pd.DataFrame,
    volume_ratio: float,
    peak_to_mean_ratio: float,
    headroom_fraction: float,
    spare_count: int,
) -> alt.LayerChart:
    """The price of a token on the fleet as the sliders have it; its title says replicas,
    utilization and price."""
    mean = fleet.supply.curve.mean * volume_ratio
    count = float(
        replace(fleet, headroom_fraction=headroom_fraction, spare_count=spare_count).replicas_for(
            mean * peak_to_mean_ratio
        )
    )
    busy = float(delivered_utilization(mean, count))
    cost = float(gpu_usd_per_mtok(fleet.replica_usd_per_hour, fleet.tokens_per_second, busy))
    point = pd.DataFrame(
        {
            "utilization_fraction": [busy],
            "usd_per_mtok": [cost],
            "text": [f"{percent(busy)} busy: {usd(cost)}"],
        }
    )
    title = (
        f"{number(count)} replicas for a mean load of {number(mean)}: {percent(busy)} busy,"
        f" {usd(cost)} a million tokens"
    )
    return price_chart(
        cost_by_utilization(fleet), point, rivals, title, "GPUs alone, whole replicas and machines"
    )
