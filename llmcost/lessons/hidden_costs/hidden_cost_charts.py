"""Charts of the lines around the GPU: the stacked bill, the rule of thumb, how long a replica
sleeps, which inputs move the bill."""

import altair as alt
import pandas as pd

from llmcost.study.wording import number, usd
from llmcost.views.chart_parts import (
    OPTION_COLOURS,
    coloured,
    named_legend,
    option_lines,
    slider,
    upright,
)
from llmcost.views.theme import COLOURS, INK, layered, log_ticks

GROUPS = {
    "GPUs": COLOURS["own"],
    "power, space, upkeep": "#f3b183",
    "people": COLOURS["today"],
    "refreshes": COLOURS["tuned"],
    "paid once": COLOURS["muted"],
    "tools, storage": "#dfe4ea",
    "stays with an API": COLOURS["api"],
}
EVIDENCE = {
    "measured": COLOURS["api"],
    "list_price": "#66aad3",
    "reported": COLOURS["tuned"],
    "guess": COLOURS["own"],
}
DARK = ("GPUs", "people", "refreshes", "stays with an API")
ROOM_FOR_AMOUNT, ROOM_FOR_LETTER = 0.065, 0.0135
"""Shares of the longest bar that an amount needs, and each letter of a name above it."""


def bill_chart(groups, title, subtitle):
    """Stacked bars of rented, owned and serverless, labelled in the segments and at the end.

    groups  option, label, group, usd_per_month, start_usd_per_month, end_usd_per_month
    """
    longest = groups["end_usd_per_month"].max()
    share = groups["usd_per_month"] / longest
    named = share > groups["group"].str.len() * ROOM_FOR_LETTER + 0.01
    groups = groups.assign(
        amount=groups["usd_per_month"].map(usd).where(share > ROOM_FOR_AMOUNT, ""),
        name=groups["group"].where(named, ""),
        ink=["white" if group in DARK else INK for group in groups["group"]],
        middle=(groups["start_usd_per_month"] + groups["end_usd_per_month"]) / 2,
        drop=[7 if name else 0 for name in named],
    )
    y = alt.Y("label:N", sort=list(dict.fromkeys(groups["label"])), title=None)
    scale = alt.Scale(domain=[0, longest * 1.13], nice=False)
    x = alt.X(
        "start_usd_per_month:Q",
        title="USD per month",
        scale=scale,
        axis=alt.Axis(format="$~s", tickCount=6),
    )
    present = {name: colour for name, colour in GROUPS.items() if name in set(groups["group"])}
    legend = alt.Legend(columns=4, symbolType="square", symbolSize=140)
    colour = coloured("group", present, legend)
    bars = (
        alt.Chart(groups)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(y=y, x=x, x2=alt.X2("end_usd_per_month:Q"), color=colour)
    )
    inside = alt.Chart(groups).encode(
        y=y, x=alt.X("middle:Q"), color=alt.Color("ink:N", scale=None)
    )
    names = inside.mark_text(fontSize=11, dy=-8).encode(text=alt.Text("name:N"))
    low = (
        inside.transform_filter(alt.datum.drop > 0)
        .mark_text(fontSize=11, dy=7)
        .encode(text=alt.Text("amount:N"))
    )
    plain = (
        inside.transform_filter(alt.datum.drop == 0)
        .mark_text(fontSize=11)
        .encode(text=alt.Text("amount:N"))
    )
    totals = groups.groupby("label", sort=False, as_index=False)["end_usd_per_month"].max()
    totals = totals.assign(total=totals["end_usd_per_month"].map(usd))
    ends = (
        alt.Chart(totals)
        .mark_text(align="left", dx=6, fontWeight="bold")
        .encode(y=y, x=alt.X("end_usd_per_month:Q"), text=alt.Text("total:N"))
    )
    return layered([bars, names, low, plain, ends], title, subtitle, alt.Step(56))


def multiplier_axes(low, high, highest):
    """The axes of the rule of thumb: the machine and the multiplier, both on log scales."""
    scale = alt.Scale(type="log", domain=[1, highest], nice=False)
    axis = alt.Axis(values=[1, 2, 3, 5, 10, 20, 50, 100, 200], format="~g")
    x_axis = alt.Axis(format="$~s", values=log_ticks(low, high), grid=False)
    x = alt.X(
        "machine_usd_per_month:Q",
        title="USD per month for the machine, log scale",
        scale=alt.Scale(type="log", nice=False),
        axis=x_axis,
    )
    return (
        x,
        alt.Y(
            "typical_multiplier:Q", title="total over machine, log scale", scale=scale, axis=axis
        ),
        scale,
    )


def rule_band(scale):
    """The rule of thumb as a band."""
    rule = alt.Chart(pd.DataFrame({"low": [3], "high": [5], "words": ["the 3-5x rule"]}))
    band = rule.mark_rect(color=COLOURS["muted"], opacity=0.35).encode(
        y=alt.Y("low:Q", scale=scale), y2=alt.Y2("high:Q")
    )
    return band, rule.mark_text(align="left", dx=8, dy=-9).encode(
        x=alt.XValue(0), y=alt.Y("low:Q", scale=scale), text=alt.Text("words:N")
    )


def multiplier_chart(curves, points, title, subtitle):
    """Total over machine as the machine grows: a curve per way to host, its dot, and the rule of
    thumb as a band.

    curves  option, machine_usd_per_month, low_multiplier, typical_multiplier, high_multiplier
    points  option, label, machine_usd_per_month, multiplier
    """
    machines = curves["machine_usd_per_month"]
    x, y, scale = multiplier_axes(
        machines.min(), machines.max(), max(20, 1.4 * points["multiplier"].max())
    )
    words = {
        row.option: f"{row.label}: {number(row.multiplier, 2)}x" for row in points.itertuples()
    }
    legend = named_legend(words, symbolType="stroke")
    colour, dash = option_lines(list(words), legend, legend)
    spread = alt.Chart(curves[curves["option"] == points["option"].iloc[0]]).mark_area(
        opacity=0.18, clip=True
    )
    spread = spread.encode(
        x=x,
        y=alt.Y("low_multiplier:Q", scale=scale),
        y2=alt.Y2("high_multiplier:Q"),
        color=alt.ColorValue(OPTION_COLOURS["rented"]),
    )
    lines = alt.Chart(curves).mark_line(clip=True)
    lines = lines.encode(x=x, y=y, color=colour, strokeDash=dash)
    dots = alt.Chart(points).mark_point(size=120, filled=True, opacity=1)
    dots = dots.encode(
        x=x, y=alt.Y("multiplier:Q", scale=scale), color=colour, tooltip=["label", "multiplier"]
    )
    band, name = rule_band(scale)
    return layered([band, spread, lines, dots, name], title, subtitle, 290)


def awake_chart(curves, here, title, subtitle):
    """Share of the time that one replica is awake over the rate, one curve per idle timeout, the
    client's mean as a rule.

    curves  requests_per_hour, timeout (text), awake_fraction
    here    requests_per_hour of the client, words
    """
    axis = alt.Axis(format=",~g", tickCount=6, grid=False)
    x = alt.X(
        "requests_per_hour:Q",
        title="requests per hour, log scale",
        scale=alt.Scale(type="log", nice=False),
        axis=axis,
    )
    y = alt.Y(
        "awake_fraction:Q",
        title="share of the time billed",
        axis=alt.Axis(format="%", tickCount=5),
        scale=alt.Scale(domain=[0, 1]),
    )
    timeouts = list(dict.fromkeys(curves["timeout"]))
    legend = alt.Legend(labelExpr="'sleeps after ' + datum.label", symbolSize=500)
    dash = alt.StrokeDash(
        "timeout:N",
        scale=alt.Scale(domain=timeouts, range=[[2, 2], [1, 0], [6, 3]][: len(timeouts)]),
        legend=legend,
    )
    lines = (
        alt.Chart(curves).mark_line(color=COLOURS["serverless"]).encode(x=x, y=y, strokeDash=dash)
    )
    rule = alt.Chart(here).mark_rule().encode(x=alt.X("requests_per_hour:Q"))
    note = (
        alt.Chart(here)
        .mark_text(align="right", dx=-5)
        .encode(x=alt.X("requests_per_hour:Q"), y=alt.datum(0.07), text=alt.Text("words:N"))
    )
    return layered([lines, rule, note], title, subtitle, 280)


def slices_chart(slices, title, subtitle):
    """What each slice of a rented fleet costs had by the hour, beside the line of one that stands;
    the cheaper way is the dark bar.

    slices  slice_count, hours_fraction, standing_usd_per_month, hourly_usd_per_month, had
    """
    slices = slices.assign(
        cheaper=slices[["standing_usd_per_month", "hourly_usd_per_month"]]
        .min(axis=1)
        .where(slices["had"] != "standing")
    )
    slices["cheaper"] = slices["cheaper"].fillna(slices["standing_usd_per_month"])
    slices["words"] = [usd(amount) for amount in slices["cheaper"]]
    x = alt.X(
        "slice_count:O", title="slice of the load, from the bottom", axis=alt.Axis(labelAngle=0)
    )
    top = alt.Scale(domain=[0, 1.15 * slices["standing_usd_per_month"].max()], nice=False)
    y = alt.Y(
        "cheaper:Q", title="USD per month", scale=top, axis=alt.Axis(format="$~s", tickCount=5)
    )
    had = {"standing": COLOURS["own"], "by the hour": "#f3b183"}
    colour = coloured("had", had, alt.Legend(symbolType="square"))
    bars = alt.Chart(slices).mark_bar().encode(x=x, y=y, color=colour)
    amounts = (
        alt.Chart(slices).mark_text(dy=-8, fontSize=11).encode(x=x, y=y, text=alt.Text("words:N"))
    )
    level = alt.Chart(slices.head(1)).mark_rule().encode(y=alt.Y("standing_usd_per_month:Q"))
    return layered([bars, level, amounts], title, subtitle, 220)


def rent_or_buy_chart(costs, marks, title, subtitle):
    """Present cost of a card over the months that it is kept: bought and sold again, and rented on
    each path of rents.

    costs  path, month_count, rented_usd, bought_usd
    marks  month_count, bought_usd, words: where buying begins to pay
    """
    paths = list(dict.fromkeys(costs["path"]))
    x = alt.X(
        "month_count:Q",
        title="months that it is kept",
        axis=alt.Axis(tickMinStep=1, grid=False),
        scale=alt.Scale(nice=False),
    )
    y = alt.Y("rented_usd:Q", title="USD for one GPU", axis=alt.Axis(format="$~s", tickCount=5))
    dash = alt.Scale(domain=paths, range=[[1, 0], [6, 3], [2, 2], [8, 2, 2, 2]][: len(paths)])
    legend = alt.Legend(labelExpr="'rent ' + datum.label", symbolSize=500, columns=2)
    dashes = alt.StrokeDash("path:N", scale=dash, legend=legend, sort=paths)
    rented = alt.Chart(costs).mark_line(color=COLOURS["api"]).encode(x=x, y=y, strokeDash=dashes)
    first = costs[costs["path"] == paths[0]]
    bought = (
        alt.Chart(first)
        .mark_line(color=COLOURS["own"], strokeWidth=4)
        .encode(x=x, y=alt.Y("bought_usd:Q"))
    )
    name = alt.Chart(first.iloc[[len(first) // 2]].assign(words="bought, sold again at the end"))
    name = name.mark_text(align="left", dy=16, color=COLOURS["own"], fontWeight="bold").encode(
        x=x, y=alt.Y("bought_usd:Q"), text=alt.Text("words:N")
    )
    dots = (
        alt.Chart(marks)
        .mark_point(size=90, color=COLOURS["own"], opacity=1)
        .encode(x=x, y=alt.Y("bought_usd:Q"), tooltip=["words:N"])
    )
    return layered([rented, bought, dots, name], title, subtitle, 300)


def crossings_chart(totals, crossings, title, subtitle):
    """Whole bills over volume, and where serverless changes places with a rival.

    totals     option, label, volume_ratio, usd_per_month
    crossings  volume_ratio, usd_per_month, words
    """
    axis = alt.Axis(format="~g", values=[0.01, 0.1, 1, 10, 100], grid=False)
    x = alt.X(
        "volume_ratio:Q",
        title="volume, times today's, log scale",
        scale=alt.Scale(type="log", nice=False),
        axis=axis,
    )
    ticks = log_ticks(totals["usd_per_month"].min(), totals["usd_per_month"].max())
    y = alt.Y(
        "usd_per_month:Q",
        title="USD per month, log scale",
        scale=alt.Scale(type="log", nice=False, padding=8),
    )
    y = y.axis(alt.Axis(format="$~s", values=ticks))
    names = dict(zip(totals["option"], totals["label"], strict=True))
    legend = named_legend(names, symbolType="stroke")
    colour, dash = option_lines(list(names), legend, legend)
    lines = alt.Chart(totals).mark_line().encode(x=x, y=y, color=colour, strokeDash=dash)
    dots = (
        alt.Chart(crossings)
        .mark_point(size=110, color=COLOURS["serverless"], opacity=1)
        .encode(x=x, y=y, tooltip=["words:N"])
    )
    now = alt.Chart(pd.DataFrame({"volume_ratio": [1.0], "words": ["today's volume"]}))
    note = now.mark_text(align="left", dx=4).encode(x=x, y=alt.YValue(8), text=alt.Text("words:N"))
    return layered([lines, now.mark_rule().encode(x=x), note, dots], title, subtitle, 300)


def ranges_chart(ranges, typical_usd_per_month, title, subtitle):
    """The bill of one option while each input alone goes from its low to its high, widest on top.

    ranges  name, band, evidence, at_low_usd_per_month, at_high_usd_per_month
    """
    ranges = ranges.assign(
        words=[f"{name}: {band}" for name, band in zip(ranges["name"], ranges["band"], strict=True)]
    )
    y = alt.Y("words:N", sort=list(ranges["words"]), title=None, axis=alt.Axis(labelLimit=330))
    x = alt.X(
        "at_low_usd_per_month:Q",
        title="the whole bill, USD per month",
        scale=alt.Scale(zero=False),
        axis=alt.Axis(format="$~s", tickCount=5),
    )
    names = {word: word.replace("_", " ") for word in EVIDENCE}
    bars = (
        alt.Chart(ranges)
        .mark_bar(height=14)
        .encode(
            y=y,
            x=x,
            x2=alt.X2("at_high_usd_per_month:Q"),
            color=coloured("evidence", EVIDENCE, named_legend(names)),
        )
    )
    rule = upright("typical", typical_usd_per_month)
    return layered([bars, rule], title, subtitle, alt.Step(24))


def multiplier_playground(engineer_usd_per_year, engineer_fte, other_usd_per_month):
    """The rule of thumb while two sliders move the engineer and the rest: no Python runs."""
    fte = slider("share of an engineer", 0, 2, engineer_fte, 0.05)
    rest = slider("all other lines, USD a month", 0, 10_000, round(other_usd_per_month, -2), 100)
    x, y, scale = multiplier_axes(100, 100_000, 30)
    base = alt.Chart(alt.sequence(2, 5, 0.02, as_="power")).transform_calculate(
        machine_usd_per_month="pow(10, datum.power)",
        typical_multiplier=(
            f"1 + ({fte.name} * {engineer_usd_per_year / 12:.2f} + {rest.name}) / pow(10,"
            " datum.power)"
        ),
    )
    lines = base.mark_line(color=COLOURS["own"], clip=True).encode(x=x, y=y)
    title, subtitle = (
        "The rule holds where the curve crosses the band",
        "Move the sliders: the band stays, the machine moves",
    )
    return layered(
        [rule_band(scale)[0], lines, rule_band(scale)[1]], title, subtitle, 260
    ).add_params(fte, rest)
