"""Charts of the hybrid split: slices, the cut, cost by owned replicas, and what the split saves."""

import altair as alt
import pandas as pd

from llmcost.views.chart_parts import halo, level, named_legend, slider
from llmcost.views.theme import COLOURS, layered

PERCENT = alt.Axis(format="~%")
WAYS = {"own": "own replicas", "hour": "replicas by the hour", "api": "API"}
SIDES = alt.Scale(domain=list(WAYS), range=[COLOURS[way] for way in WAYS])


def cut_chart(
    duration: pd.DataFrame, cut: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """The load-duration curve: the owned slices below the cut, what runs by the hour on them, and
    the API's part above.

    duration  hours_fraction (0 to 1), owned_replicas, run_replicas, load_replicas (falling), each
              on top of the one before
    cut       replicas, text: the height of the cut; may be empty
    """
    top = 1.12 * max(
        float(duration["load_replicas"].max()), float(cut["replicas"].max() if len(cut) else 0)
    )
    x = alt.X(
        "hours_fraction:Q",
        title="share of the hours, busiest first",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, 1]),
    )
    y = alt.Y(
        "load_replicas:Q", title="load in replicas", scale=alt.Scale(domain=[0, top], nice=False)
    )
    base = alt.Chart(duration)
    legend = named_legend(WAYS, symbolOpacity=0.5, symbolStrokeWidth=0)
    colour = alt.Color("side:N", scale=SIDES, legend=legend)
    tops = {
        "own": ("floor", "owned_replicas"),
        "hour": ("owned_replicas", "run_replicas"),
        "api": ("run_replicas", "load_replicas"),
    }
    areas = [
        base.transform_calculate(side=f"'{way}'", floor="0")
        .mark_area(opacity=0.45, interpolate="step-after")
        .encode(x=x, y=y if way == "api" else alt.Y(f"{above}:Q"), y2=f"{below}:Q", color=colour)
        for way, (below, above) in tops.items()
    ]
    line = base.mark_line(color=COLOURS["load"], strokeWidth=1.5, interpolate="step-after").encode(
        x=x, y=y
    )
    height = level(cut, "replicas") if len(cut) else []
    return layered([*areas[::-1], line, *height], title, subtitle, 330)


def fill_chart(
    slices: pd.DataFrame, break_even_fill_fraction: float, title: str, subtitle: str
) -> alt.LayerChart:
    """How full each slice is over the month, against the fill from which owning it beats the API.

    slices  slice_count (1 at the bottom), fill_fraction, way (own | hour | api)
    """
    top = 1.15 * max(float(slices["fill_fraction"].max()), break_even_fill_fraction)
    x = alt.X(
        "slice_count:O",
        title="slice of the load, from the bottom",
        axis=alt.Axis(labelAngle=0, labelOverlap=True),
    )
    y = alt.Y(
        "fill_fraction:Q",
        title="share of the month at work",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, top], nice=False),
    )
    colour = alt.Color("way:N", scale=SIDES, legend=named_legend(WAYS, symbolStrokeWidth=0))
    bars = (
        alt.Chart(slices).mark_bar(size=min(60.0, 400 / len(slices))).encode(x=x, y=y, color=colour)
    )
    even = {"fill_fraction": [break_even_fill_fraction], "text": ["break-even fill u*"]}
    return layered([bars, *level(pd.DataFrame(even), "fill_fraction")], title, subtitle, 310)


def cost_chart(
    costs: pd.DataFrame, best: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """The bill against the number of owned replicas: these, replicas by the hour above them, and
    the API, stacked.

    costs  owned_count, side (own | hour | api), usd_per_month
    best   owned_count, usd_per_month, text: the lowest total
    """
    x = alt.X(
        "owned_count:O", title="owned replicas", axis=alt.Axis(labelAngle=0, labelOverlap=True)
    )
    y = alt.Y(
        "usd_per_month:Q",
        title="USD per month",
        axis=alt.Axis(format="$,.0f", tickCount=6),
        stack="zero",
    )
    colour = alt.Color("side:N", scale=SIDES, legend=named_legend(WAYS, symbolStrokeWidth=0))
    base = alt.Chart(costs).transform_calculate(place=f"indexof({list(WAYS)}, datum.side)")
    bars = base.mark_bar(opacity=0.75).encode(x=x, y=y, color=colour, order=alt.Order("place:Q"))
    note = halo(
        alt.Chart(best).encode(x=x, y=alt.Y("usd_per_month:Q"), text=alt.Text("text:N")),
        dy=-10,
        fontWeight="bold",
    )
    return layered([bars, *note], title, subtitle, 320)


def law_chart(laws: pd.DataFrame, here: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """Share of the API bill that the split saves, before fixed costs, by break-even fill.

    laws  break_even_fill_fraction, saving_fraction, load (flat | this client | linear)
    here  break_even_fill_fraction, saving_fraction, text: the client's own point; may be empty
    """
    x = alt.X(
        "break_even_fill_fraction:Q",
        title="break-even fill u*",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, 1]),
    )
    y = alt.Y(
        "saving_fraction:Q",
        title="share of the API bill saved",
        axis=PERCENT,
        scale=alt.Scale(domain=[0, 1]),
    )
    names = ["flat load: 1 - u*", "this client's load", "linear curve: (1 - u*)²"]
    colour = alt.Color(
        "load:N",
        scale=alt.Scale(domain=names, range=[COLOURS["load"], COLOURS["hybrid"], COLOURS["tuned"]]),
        legend=alt.Legend(),
    )
    dash = alt.StrokeDash(
        "load:N", scale=alt.Scale(domain=names, range=[[6, 3], [1, 0], [2, 2]]), legend=None
    )
    lines = alt.Chart(laws).mark_line().encode(x=x, y=y, color=colour, strokeDash=dash)
    dot = alt.Chart(here).mark_point(size=130, color=COLOURS["hybrid"], opacity=1).encode(x=x, y=y)
    note = halo(
        alt.Chart(here).encode(x=x, y=y, text=alt.Text("text:N")),
        align="left",
        dx=9,
        dy=-12,
        fontWeight="bold",
    )
    return layered([lines, *([dot, *note] if len(here) else [])], title, subtitle, 330)


def saving_chart(
    sweep: pd.DataFrame, fixed: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """What the split saves before fixed costs as all volumes grow, against those costs.

    sweep  volume_ratio (times today's), saving_usd_per_month (above 0)
    fixed  saving_usd_per_month, text: the fixed costs
    """
    scale, axis = alt.Scale(type="log", nice=False), alt.Axis(format=",~g", tickCount=6)
    x = alt.X("volume_ratio:Q", scale=scale, title="volume, times today's, log scale", axis=axis)
    money = alt.Axis(format="$,~g", values=[10**power for power in range(9)])
    y = alt.Y(
        "saving_usd_per_month:Q", scale=scale, title="saved, USD per month, log scale", axis=money
    )
    line = alt.Chart(sweep).mark_line(color=COLOURS["hybrid"], clip=True).encode(x=x, y=y)
    now = alt.Chart(pd.DataFrame({"volume_ratio": [1.0], "text": ["today's volume"]}))
    cost = alt.Chart(fixed)
    notes = [
        *halo(
            now.encode(x=alt.X("volume_ratio:Q"), y=alt.YValue("height"), text=alt.Text("text:N")),
            align="left",
            dx=5,
            dy=-9,
        ),
        *halo(
            cost.encode(
                x=alt.XValue(0), y=alt.Y("saving_usd_per_month:Q"), text=alt.Text("text:N")
            ),
            align="left",
            dx=5,
            dy=-9,
        ),
    ]
    rules = [
        now.mark_rule().encode(x=alt.X("volume_ratio:Q")),
        cost.mark_rule().encode(y=alt.Y("saving_usd_per_month:Q")),
    ]
    return layered([*rules, line, *notes], title, subtitle, 330)


def cost_playground(costs: pd.DataFrame) -> alt.LayerChart:
    """The bill by owned replicas at any price of the API and of a replica, by two sliders.

    costs  owned_count, own_usd_per_month, api_usd_per_month
    """
    api, own = (
        slider("API price, times today's", 0.1, 10, 1, 0.1),
        slider("replica price, times today's", 0.1, 5, 1, 0.1),
    )
    total = f"datum.own_usd_per_month * {own.name} + datum.api_usd_per_month * {api.name}"
    base = (
        alt.Chart(costs)
        .transform_calculate(usd=total, api="'api'")
        .transform_joinaggregate(lowest="min(usd)")
    )
    x = alt.X(
        "owned_count:O", title="owned replicas", axis=alt.Axis(labelAngle=0, labelOverlap=True)
    )
    y = alt.Y(
        "usd:Q",
        title="USD per month, own and API together",
        axis=alt.Axis(format="$,.0f", tickCount=6),
    )
    colour = alt.condition(
        "datum.usd == datum.lowest", alt.value(COLOURS["hybrid"]), alt.value(COLOURS["muted"])
    )
    bars = base.mark_bar().encode(x=x, y=y, color=colour)
    text = base.transform_filter("datum.usd == datum.lowest").mark_text(dy=-9, fontWeight="bold")
    layers = [bars, text.encode(x=x, y=y, text=alt.Text("usd:Q", format="$,.0f"))]
    return layered(layers, "How many replicas are worth owning?", "Sliders below", 330).add_params(
        api, own
    )
