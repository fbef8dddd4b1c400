"""Charts of the load: its week, its duration curve, and what idle hours do to a price."""

from typing import Any

import altair as alt
import pandas as pd

from llmcost.views.chart_parts import halo, level
from llmcost.views.theme import COLOURS, layered, log_ticks

PERCENT = alt.Axis(format=".0%")
ROUND_USD = [digit * 10**power for power in range(-4, 4) for digit in (1, 2, 5)]
UTILIZATION = alt.X(
    "utilization_fraction:Q",
    scale=alt.Scale(type="log", nice=False, domainMax=1),
    title="utilization, log scale",
    axis=alt.Axis(
        format="~%",
        values=[digit * 10**power for power in (-4, -3, -2, -1, 0) for digit in (1, 2, 5)],
    ),
)


def usd_look(title: str, padding: int = 14) -> dict[str, Any]:
    """How an axis of prices per million tokens looks: a log scale with round numbers on it."""
    return {
        "scale": alt.Scale(type="log", nice=False, padding=padding),
        "title": title,
        "axis": alt.Axis(format="$~g", values=ROUND_USD),
    }


def week_chart(week: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """The load of each hour of the week, darker where it is higher; the busiest hour carries its
    number.

    week  day, day_count, hour_count, load_ratio (times the mean hour)
    """
    touching = alt.Scale(paddingInner=0, paddingOuter=0)
    x = alt.X(
        "hour_count:O", title="hour of the day, UTC", scale=touching, axis=alt.Axis(labelAngle=0)
    )
    days = week.sort_values("day_count")["day"].unique().tolist()
    y = alt.Y("day:N", sort=days, title=None, scale=touching)
    top = week.nlargest(1, "load_ratio").assign(
        text=lambda frame: frame["load_ratio"].map("{:.2g}".format)
    )
    shade = alt.Scale(
        type="sqrt",
        range=["#f4f6f8", COLOURS["today"]],
        domain=[0, float(top["load_ratio"].iloc[0])],
        nice=False,
    )
    legend = alt.Legend(
        gradientLength=160, values=[0, 1, float(top["load_ratio"].iloc[0])], format=".2g"
    )
    colour = alt.Color("load_ratio:Q", scale=shade, title="times the mean hour", legend=legend)
    cells = alt.Chart(week).mark_rect(stroke="white", strokeWidth=1).encode(x=x, y=y, color=colour)
    note = (
        alt.Chart(top)
        .mark_text(color="white", fontWeight="bold", fontSize=10)
        .encode(x=x, y=y, text=alt.Text("text:N"))
    )
    return layered([cells, note], title, subtitle, alt.Step(26))


def duration_chart(
    curve: pd.DataFrame, levels: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """The hours sorted, busiest first, under what is paid for.

    curve   hours_fraction (0 to 1), load_replicas (falling)
    levels  replicas, text: horizontal rules
    """
    x = alt.X(
        "hours_fraction:Q",
        title="share of the hours, busiest first",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, 1]),
    )
    y = alt.Y(
        "load_replicas:Q",
        title="replicas",
        scale=alt.Scale(domain=[0, 1.12 * float(levels["replicas"].max())], nice=False),
    )
    served = alt.Chart(curve).mark_area(
        color=COLOURS["own"], opacity=0.35, interpolate="step-after", line={"color": COLOURS["own"]}
    )
    return layered([served.encode(x=x, y=y), *level(levels, "replicas")], title, subtitle, 310)


def price_chart(
    costs: pd.DataFrame, fleet: pd.DataFrame, rivals: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """USD per million tokens against utilization, on log axes.

    costs   utilization_fraction, usd_per_mtok
    fleet   the same and text: the client's own point
    rivals  usd_per_mtok, text, thing (api | today): what the same work costs elsewhere; may be
            empty
    """
    y = alt.Y("usd_per_mtok:Q", **usd_look("USD per million tokens, log scale"))
    line = alt.Chart(costs).mark_line(color=COLOURS["own"]).encode(x=UTILIZATION, y=y)
    dot = (
        alt.Chart(fleet)
        .mark_point(size=130, color=COLOURS["own"], opacity=1)
        .encode(x=UTILIZATION, y=y)
    )
    name = halo(
        alt.Chart(fleet).encode(x=UTILIZATION, y=y, text=alt.Text("text:N")),
        align="left",
        dx=9,
        dy=-14,
        fontWeight="bold",
    )
    return layered([*rival_rules(rivals), line, dot, *name], title, subtitle, 340)


def rival_rules(rivals: pd.DataFrame) -> list[alt.Chart]:
    """A level line with its name for each price asked elsewhere."""
    if rivals.empty:
        return []
    colour = alt.Color(
        "thing:N",
        scale=alt.Scale(domain=["api", "today"], range=[COLOURS["api"], COLOURS["today"]]),
        legend=None,
    )
    rule = (
        alt.Chart(rivals).mark_rule(strokeWidth=2).encode(y=alt.Y("usd_per_mtok:Q"), color=colour)
    )
    note = alt.Chart(rivals).encode(
        x=alt.XValue(0), y=alt.Y("usd_per_mtok:Q"), text=alt.Text("text:N")
    )
    # below the rule: the falling line comes from above
    return [rule, *halo(note, align="left", dx=5, dy=10)]


def shapes_chart(
    shapes: pd.DataFrame, rivals: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """One volume on many load shapes: what a million tokens costs on own GPUs.

    shapes  label, usd_per_mtok, text, own (whether these are the client's hours)
    rivals  usd_per_mtok, text: what the same work costs elsewhere; may be empty
    """
    look = usd_look("USD per million tokens, log scale", padding=50)
    ticks = log_ticks(float(shapes["usd_per_mtok"].min()), float(shapes["usd_per_mtok"].max()))
    x = alt.X("usd_per_mtok:Q", **look | {"axis": alt.Axis(format="$~g", values=ticks)})
    y = alt.Y("label:N", sort=list(shapes["label"]), title=None, axis=alt.Axis(labelLimit=390))
    colour = alt.condition("datum.own", alt.value(COLOURS["own"]), alt.value(COLOURS["load"]))
    dots = alt.Chart(shapes).mark_point(size=110, opacity=1).encode(x=x, y=y, color=colour)
    texts = halo(alt.Chart(shapes).encode(x=x, y=y, text=alt.Text("text:N")), align="left", dx=9)
    rule = (
        alt.Chart(rivals)
        .mark_rule(color=COLOURS["api"], strokeWidth=2)
        .encode(x=alt.X("usd_per_mtok:Q"))
    )
    note = (
        alt.Chart(rivals)
        .mark_text(baseline="bottom", dy=-3)
        .encode(x=alt.X("usd_per_mtok:Q"), y=alt.YValue(0), text=alt.Text("text:N"))
    )
    layers = [rule, note] if len(rivals) else []
    return layered([*layers, dots, *texts], title, subtitle, alt.Step(26))
