"""Charts of published claims: against what a chip can compute, against the stairs of a real fleet,
and how far each is off."""

from typing import Any

import altair as alt
import pandas as pd

from llmcost.views.chart_parts import coloured, halo
from llmcost.views.theme import COLOURS, layered

JUDGED = {"holds": COLOURS["api"], "does not hold": COLOURS["own"]}


def gates_chart(gates: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """Claimed speeds as bars, the compute roof as a tick, the modelled speed as a dot.

    gates  label, low, high (claimed tokens/s), roof, modelled
    """
    scale = alt.Scale(type="log", nice=False, domain=[20, 400_000])
    look: dict[str, Any] = {
        "title": "tokens per second of one GPU, log scale",
        "axis": alt.Axis(format="~s"),
        "scale": scale,
    }
    y = alt.Y("label:N", sort=list(gates["label"]), title=None, axis=alt.Axis(labelLimit=240))
    base = alt.Chart(gates).encode(y=y)
    claimed = base.mark_bar(size=9, color=COLOURS["own"], opacity=0.55).encode(
        x=alt.X("low:Q", **look), x2=alt.X2("high:Q")
    )
    single = base.transform_filter("datum.low == datum.high").mark_point(
        size=110, shape="square", color=COLOURS["own"], opacity=1
    )
    roof = base.mark_tick(color=COLOURS["today"], thickness=3, size=24).encode(
        x=alt.X("roof:Q", **look)
    )
    model = base.mark_point(size=80, color=COLOURS["api"], opacity=1).encode(
        x=alt.X("modelled:Q", **look)
    )
    layers = [claimed, single.encode(x=alt.X("low:Q", **look)), roof, model]
    return layered(layers, title, subtitle, alt.Step(46))


def stairs_chart(
    bills: pd.DataFrame, names: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart:
    """Bills by volume: two API prices as lines, the fixed bill as it is printed, and the fleet that
    carries the volume.

    bills  billion_tokens, usd_per_month, way, side (api | printed | fleet)
    names  the same columns and text: where each line is named
    """
    x = alt.X(
        "billion_tokens:Q",
        title="billion tokens a month, read and written",
        scale=alt.Scale(nice=False),
    )
    y = alt.Y("usd_per_month:Q", title="USD per month, GPUs alone", axis=alt.Axis(format="$,~s"))
    colours = alt.Scale(
        domain=["api", "printed", "fleet"], range=[COLOURS["api"], COLOURS["muted"], COLOURS["own"]]
    )
    dashes = alt.Scale(domain=["api", "printed", "fleet"], range=[[1, 0], [5, 4], [1, 0]])
    look: dict[str, Any] = {
        "detail": "way:N",
        "color": alt.Color("side:N", scale=colours, legend=None),
    }
    base = alt.Chart(bills).encode(
        x=x, y=y, strokeDash=alt.StrokeDash("side:N", scale=dashes, legend=None), **look
    )
    straight = base.transform_filter("datum.side != 'fleet'").mark_line()
    steps = base.transform_filter("datum.side == 'fleet'").mark_line(interpolate="step-before")
    named = alt.Chart(names).encode(x=x, y=y, text=alt.Text("text:N"))
    above = halo(named.transform_filter("datum.side == 'api'"), align="right", dx=-40, dy=-12)
    below = halo(named.transform_filter("datum.side != 'api'"), align="right", dx=-6, dy=13)
    return layered([straight, steps, *above, *below], title, subtitle, 320)


def ratios_chart(ratios: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """Recomputed over claimed, each claim a row, farthest off on top.

    ratios  label, ratio, judgement, text
    """
    axis = alt.Axis(values=[10.0**power for power in range(-4, 6)], format="~g")
    scale = alt.Scale(
        type="log", nice=False, domain=[ratios["ratio"].min() / 2, ratios["ratio"].max() * 100]
    )
    x = alt.X("ratio:Q", title="recomputed over claimed, log scale", scale=scale, axis=axis)
    y = alt.Y("label:N", sort=list(ratios["label"]), title=None, axis=alt.Axis(labelLimit=300))
    base = alt.Chart(ratios).encode(y=y)
    colour = coloured("judgement", JUDGED, alt.Legend())
    shape = alt.Shape(
        "judgement:N", scale=alt.Scale(domain=list(JUDGED), range=["circle", "square"]), legend=None
    )
    one = alt.Chart(pd.DataFrame({"ratio": [1.0]})).mark_rule().encode(x=x)
    points = base.mark_point(size=90, opacity=1).encode(x=x, color=colour, shape=shape)
    text = halo(base.encode(x=x, text=alt.Text("text:N")), align="left", dx=9, fontSize=11)
    return layered([one, points, *text], title, subtitle, alt.Step(19))
