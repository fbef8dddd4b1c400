"""Charts of the load: its hours, its duration curve, one replica's limits, and what idle hours do to a price."""

from typing import Any

import altair as alt
import pandas as pd

from llmcost.views.controls import slider
from llmcost.views.theme import COLOURS

PERCENT = alt.Axis(format=".0%")
ROUND_USD = [digit * 10**power for power in range(-4, 4) for digit in (1, 2, 5)]
UTILIZATION = alt.X(
    "utilization_fraction:Q",
    scale=alt.Scale(type="log", nice=False, domainMax=1),
    title="delivered utilization, log scale",
    axis=alt.Axis(format="~%", values=[digit * 10**power for power in (-4, -3, -2, -1, 0) for digit in (1, 2, 5)]),
)


def usd_look(title: str, padding: int = 14) -> dict[str, Any]:
    """How an axis of prices per million tokens looks: a log scale with round numbers on it."""
    return {
        "scale": alt.Scale(type="log", nice=False, padding=padding),
        "title": title,
        "axis": alt.Axis(format="$~g", values=ROUND_USD),
    }


def halo(text: alt.Chart, **look) -> list[alt.Chart]:
    """Text that stays readable where it crosses a line: white behind it."""
    return [text.mark_text(stroke="white", strokeWidth=4, **look), text.mark_text(**look)]


def layered(layers: list[alt.Chart], title: str, subtitle: str | list[str], height: int | alt.Step) -> alt.LayerChart:
    """The layers as one chart."""
    return alt.LayerChart(layer=layers, title=alt.Title(title, subtitle=subtitle), height=height)


def hours_chart(hourly: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """The load hour by hour with its mean.

    hourly  day (hours since the start / 24), load_ratio (times the mean hour)
    """
    x = alt.X("day:Q", title="day of the record", axis=alt.Axis(format="d"), scale=alt.Scale(nice=False))
    y = alt.Y("load_ratio:Q", title="load, times the mean hour's")
    area = alt.Chart(hourly).mark_area(interpolate="step", line={"strokeWidth": 1.5}).encode(x=x, y=y)
    mean = alt.Chart(pd.DataFrame({"load_ratio": [1.0], "text": ["mean hour"]}))
    note = halo(mean.encode(x=alt.value(0), y="load_ratio:Q", text="text:N"), align="left", dx=5, dy=-9)
    rule = mean.mark_rule().encode(y="load_ratio:Q")
    return layered([area, rule, *note], title, subtitle, 310)


def concurrency_chart(sweep: pd.DataFrame, marks: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """One replica: what it delivers against how long its users wait for a token, as more requests run at once.

    sweep  milliseconds, output_tokens_per_second
    marks  the same and text: the points named on the curve; a row without output_tokens_per_second is a vertical rule
    """
    axis = alt.Axis(format=",~g", values=[digit * 10**power for power in range(-1, 6) for digit in (1, 2, 3, 5, 7)])
    x = alt.X(
        "milliseconds:Q", scale=alt.Scale(type="log", nice=False, padding=24), title="milliseconds between tokens, log scale", axis=axis
    )
    y = alt.Y("output_tokens_per_second:Q", title="output tokens per second", scale=alt.Scale(zero=True))
    line = alt.Chart(sweep).mark_line(color=COLOURS["own"]).encode(x=x, y=y)
    points, rules = marks.dropna(subset="output_tokens_per_second"), marks[marks["output_tokens_per_second"].isna()]
    dots = alt.Chart(points).mark_point(size=110, color=COLOURS["own"], opacity=1).encode(x=x, y=y)
    names = halo(alt.Chart(points).encode(x=x, y=y, text="text:N"), align="left", dx=12, dy=8)
    rule = alt.Chart(rules).mark_rule().encode(x=x)
    limit = halo(alt.Chart(rules).encode(x=x, y=alt.value(12), text="text:N"), align="right", dx=-6)
    return layered([rule, line, dots, *names, *limit], title, subtitle, 320)


def duration_chart(curve: pd.DataFrame, levels: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """The hours sorted, busiest first, under what is paid for.

    curve   hours_fraction (0 to 1), load_replicas (falling)
    levels  replicas, text: horizontal rules
    """
    x = alt.X("hours_fraction:Q", title="share of the hours, busiest first", axis=PERCENT, scale=alt.Scale(domain=[0, 1]))
    y = alt.Y("load_replicas:Q", title="replicas", scale=alt.Scale(domain=[0, 1.12 * float(levels["replicas"].max())], nice=False))
    served = alt.Chart(curve).mark_area(color=COLOURS["own"], opacity=0.35, interpolate="step-after", line={"color": COLOURS["own"]})
    rule = alt.Chart(levels).mark_rule().encode(y="replicas:Q")
    note = halo(alt.Chart(levels).encode(x=alt.value("width"), y="replicas:Q", text="text:N"), align="right", dy=-9)
    return layered([served.encode(x=x, y=y), rule, *note], title, subtitle, 310)


def price_chart(costs: pd.DataFrame, fleet: pd.DataFrame, rivals: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """USD per million tokens against delivered utilization, on log axes.

    costs   utilization_fraction, usd_per_mtok
    fleet   the same and text: the client's own point
    rivals  usd_per_mtok, text, thing (api | today): what the same work costs elsewhere; may be empty
    """
    y = alt.Y("usd_per_mtok:Q", **usd_look("USD per million tokens, log scale"))
    line = alt.Chart(costs).mark_line(color=COLOURS["own"]).encode(x=UTILIZATION, y=y)
    dot = alt.Chart(fleet).mark_point(size=130, color=COLOURS["own"], opacity=1).encode(x=UTILIZATION, y=y)
    name = halo(alt.Chart(fleet).encode(x=UTILIZATION, y=y, text="text:N"), align="left", dx=9, dy=-14, fontWeight="bold")
    return layered([*rival_rules(rivals), line, dot, *name], title, subtitle, 340)


def rival_rules(rivals: pd.DataFrame) -> list[alt.Chart]:
    """A level line with its name for each price asked elsewhere."""
    if rivals.empty:
        return []
    colour = alt.Color("thing:N", scale=alt.Scale(domain=["api", "today"], range=[COLOURS["api"], COLOURS["today"]]), legend=None)
    rule = alt.Chart(rivals).mark_rule(strokeWidth=2).encode(y="usd_per_mtok:Q", color=colour)
    note = alt.Chart(rivals).encode(x=alt.value(0), y="usd_per_mtok:Q", text="text:N")
    return [rule, *halo(note, align="left", dx=5, dy=10)]  # below the rule: the falling line comes from above


def shapes_chart(shapes: pd.DataFrame, rivals: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """One volume on many load shapes: what a million tokens costs on own GPUs.

    shapes  label, usd_per_mtok, text, own (whether these are the client's hours)
    rivals  usd_per_mtok, text: what the same work costs elsewhere; may be empty
    """
    x = alt.X("usd_per_mtok:Q", **usd_look("USD per million tokens, log scale", padding=50))
    y = alt.Y("label:N", sort=list(shapes["label"]), title=None, axis=alt.Axis(labelLimit=390))
    colour = alt.condition("datum.own", alt.value(COLOURS["own"]), alt.value(COLOURS["load"]))
    dots = alt.Chart(shapes).mark_point(size=110, opacity=1).encode(x=x, y=y, color=colour)
    texts = halo(alt.Chart(shapes).encode(x=x, y=y, text="text:N"), align="left", dx=9)
    rule = alt.Chart(rivals).mark_rule(color=COLOURS["api"], strokeWidth=2).encode(x="usd_per_mtok:Q")
    note = alt.Chart(rivals).mark_text(baseline="bottom", dy=-3).encode(x="usd_per_mtok:Q", y=alt.value(0), text="text:N")
    layers = [rule, note] if len(rivals) else []
    return layered([*layers, dots, *texts], title, subtitle, alt.Step(26))


def volume_chart(sweep: pd.DataFrame, ceiling_fraction: float, title: str, subtitle: str) -> alt.LayerChart:
    """Delivered utilization as all volumes grow, in whole replicas.

    sweep  volume_ratio (times today's), utilization_fraction
    """
    scale, axis = alt.Scale(type="log", nice=False), alt.Axis(format="~g", tickCount=6)
    x = alt.X("volume_ratio:Q", scale=scale, title="volume, times today's, log scale", axis=axis)
    top = alt.Scale(domain=[0, 1.15 * ceiling_fraction], nice=False)
    y = alt.Y("utilization_fraction:Q", title="delivered utilization", axis=alt.Axis(format="~%"), scale=top)
    line = alt.Chart(sweep).mark_line(color=COLOURS["own"]).encode(x=x, y=y)
    now = alt.Chart(pd.DataFrame({"volume_ratio": [1.0], "text": ["today's volume"]}))
    most = alt.Chart(pd.DataFrame({"utilization_fraction": [ceiling_fraction], "text": ["all that these hours allow"]}))
    notes = [
        *halo(now.encode(x="volume_ratio:Q", y=alt.value("height"), text="text:N"), align="left", dx=5, dy=-9),
        *halo(most.encode(x=alt.value(0), y="utilization_fraction:Q", text="text:N"), align="left", dx=5, dy=-9),
    ]
    rules = [now.mark_rule().encode(x="volume_ratio:Q"), most.mark_rule().encode(y="utilization_fraction:Q")]
    return layered([*rules, line, *notes], title, subtitle, 310)


def price_playground(costs: pd.DataFrame, rivals: pd.DataFrame, usd_per_hour: float, utilization_fraction: float) -> alt.LayerChart:
    """The price of a token at any rent of a replica and any utilization, by two sliders.

    costs  utilization_fraction, usd_per_mtok at `usd_per_hour`
    """
    rent = slider("USD per replica-hour", 0.1, float(round(4 * usd_per_hour) + 1), round(usd_per_hour, 1), 0.1)
    busy = slider("delivered utilization, %", 1, 100, max(1, round(100 * utilization_fraction)), 1)
    y = alt.Y("usd:Q", **usd_look("USD per million tokens, log scale"))
    line = alt.Chart(costs).transform_calculate(usd=f"datum.usd_per_mtok * {rent.name} / {usd_per_hour}").mark_line(color=COLOURS["own"])
    full = costs[costs["utilization_fraction"] == 1.0]
    point = alt.Chart(full).transform_calculate(
        utilization_fraction=f"{busy.name} / 100",
        usd=f"datum.usd_per_mtok * {rent.name} / {usd_per_hour} * 100 / {busy.name}",
        text="'$' + format(datum.usd, ',.3~g')",
    )
    dot = point.mark_point(size=130, color=COLOURS["own"], opacity=1).encode(x=UTILIZATION, y=y)
    name = halo(point.encode(x=UTILIZATION, y=y, text="text:N"), align="left", dx=9, dy=-14, fontWeight="bold")
    layers = [*rival_rules(rivals), line.encode(x=UTILIZATION, y=y), dot, *name]
    return layered(layers, "Rent and utilization: whose token is cheaper?", "Sliders below", 340).add_params(rent, busy)
