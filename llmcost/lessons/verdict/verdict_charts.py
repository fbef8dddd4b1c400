"""Charts of the verdict: options with their ranges, the saving by step, what moves the answer, cost
over volume."""

import altair as alt
import pandas as pd

from llmcost.views.chart_parts import (
    OPTION_COLOURS,
    named_legend,
    option_colour,
    option_lines,
    slider,
    step_colour,
    upright,
)
from llmcost.views.theme import COLOURS, layered, log_ticks


def options_chart(
    options: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart | alt.FacetChart:
    """Typical cost of each option as a dot on its P10 to P90 band.

    options  label, option, usd_per_month, p10_usd_per_month, p90_usd_per_month, chosen
    """
    order = list(options["label"])
    y = alt.Y("label:N", sort=order, title=None)
    x_title = "USD per month, log scale"
    axis = alt.Axis(
        format="$,.0f",
        values=log_ticks(options["p10_usd_per_month"].min(), options["p90_usd_per_month"].max()),
    )
    base = alt.Chart(options)
    scale = alt.Scale(type="log", nice=False, padding=20)
    band = base.mark_rule(strokeWidth=9, opacity=0.35, strokeDash=[]).encode(
        y=y,
        x=alt.X("p10_usd_per_month:Q", scale=scale, title=x_title, axis=axis),
        x2=alt.X2("p90_usd_per_month:Q"),
        color=option_colour(),
    )
    dot = base.mark_point(size=110).encode(
        y=y, x=alt.X("usd_per_month:Q", scale=scale), color=option_colour()
    )
    text = base.mark_text(dy=-13, align="center", fontWeight="bold").encode(
        y=y,
        x=alt.X("usd_per_month:Q", scale=scale),
        text=alt.Text("usd_per_month:Q", format="$,.3s"),
    )
    return layered([band, dot, text], title, subtitle, alt.Step(44))


def saving_chart(steps: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart | alt.FacetChart:
    """A waterfall from today's bill to the advised one.

    steps  step, start_usd_per_month, end_usd_per_month, amount (text), kind (total | less | more)
    """
    x = alt.X(
        "step:N", sort=list(steps["step"]), title=None, axis=alt.Axis(labelAngle=0, labelLimit=150)
    )
    base = alt.Chart(steps)
    bars = base.mark_bar(size=54).encode(
        x=x,
        y=alt.Y("start_usd_per_month:Q", title="USD per month", axis=alt.Axis(format="$,.0f")),
        y2=alt.Y2("end_usd_per_month:Q"),
        color=step_colour(),
    )
    text = base.transform_calculate(
        top="max(datum.start_usd_per_month, datum.end_usd_per_month)"
    ).mark_text(dy=-8, fontWeight="bold")
    return layered(
        [bars, text.encode(x=x, y=alt.Y("top:Q"), text=alt.Text("amount:N"))], title, subtitle, 240
    )


def tornado_chart(
    swings: pd.DataFrame, title: str, subtitle: str, typical_usd_per_month: float
) -> alt.LayerChart | alt.FacetChart:
    """How far each input alone moves the advantage, widest first.

    swings  name (with its range), at_low_usd_per_month, at_high_usd_per_month, evidence (measured |
            list_price | reported | guess)
    """
    y = alt.Y("name:N", sort=list(swings["name"]), title=None, axis=alt.Axis(labelLimit=360))
    shades = alt.Scale(
        domain=["measured", "list_price", "reported", "guess"],
        range=[COLOURS["api"], COLOURS["api"], COLOURS["tuned"], COLOURS["own"]],
    )
    x = alt.X(
        "at_low_usd_per_month:Q",
        title="advantage of the advice, USD per month",
        axis=alt.Axis(format="$,.0f", tickCount=5),
        scale=alt.Scale(zero=True),
    )
    bars = (
        alt.Chart(swings)
        .mark_bar(height=16)
        .encode(
            y=y,
            x=x,
            x2=alt.X2("at_high_usd_per_month:Q"),
            color=alt.Color("evidence:N", scale=shades, legend=alt.Legend(title=None)),
        )
    )
    rule = upright("typical", typical_usd_per_month)
    zero = upright("zero", 0.0, strokeDash=[], strokeWidth=2)
    return layered([bars, rule, zero], title, subtitle, alt.Step(28))


def volume_chart(sweep: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart | alt.FacetChart:
    """Each option's cost over volume on log axes, with its name at the right end and today's volume
    as a rule.

    sweep  option, label, value (times today's volume), usd_per_month
    """
    x = alt.X(
        "value:Q",
        scale=alt.Scale(type="log", nice=False),
        title="volume, times today's, log scale",
        axis=alt.Axis(format="~g", values=[0.01, 0.1, 1, 10, 100], grid=False),
    )
    y = alt.Y(
        "usd_per_month:Q",
        scale=alt.Scale(type="log", nice=False, padding=8),
        title="USD per month, log scale",
        axis=alt.Axis(
            format="$~s",
            values=log_ticks(sweep["usd_per_month"].min(), sweep["usd_per_month"].max()),
        ),
    )
    names = dict(zip(sweep["option"], sweep["label"], strict=True))
    legend = named_legend(names, title=None, symbolType="stroke", columns=3)
    colour, _ = option_lines(list(names), legend)
    _, dash = option_lines(list(OPTION_COLOURS), legend)
    drawn = sweep[["option", "value", "usd_per_month"]]  # of a thousand rows only what is drawn
    lines = alt.Chart(drawn).mark_line().encode(x=x, y=y, color=colour, strokeDash=dash)
    now = alt.Chart(pd.DataFrame({"now": [1.0], "text": ["today's volume"]}))
    rule = now.mark_rule().encode(x=alt.X("now:Q"))
    note = now.mark_text(align="left", dx=4, y=8).encode(x=alt.X("now:Q"), text=alt.Text("text:N"))
    return layered([lines, rule, note], title, subtitle, 340)


def playground_chart(sweep: pd.DataFrame) -> alt.LayerChart | alt.FacetChart:
    """Every option's bill at the volume that a slider chooses; nothing but the chart has to run.

    sweep  label, option, value (times today's volume, rising), usd_per_month
    """
    values = sorted(sweep["value"].unique())
    steps = sweep.assign(
        step=sweep["value"].map({value: step for step, value in enumerate(values)})
    )
    choice = slider(
        "volume, steps from a fiftieth to fifty times today's",
        0,
        len(values) - 1,
        len(values) // 2,
        1,
    )
    base = alt.Chart(steps).transform_filter(f"datum.step == {choice.name}")
    y = alt.Y("label:N", sort=list(dict.fromkeys(sweep["label"])), title=None)
    scale = alt.Scale(
        type="log",
        domain=[float(sweep["usd_per_month"].min()) * 0.8, float(sweep["usd_per_month"].max()) * 2],
    )
    x = alt.X(
        "usd_per_month:Q",
        scale=scale,
        title="USD per month, log scale",
        axis=alt.Axis(format="$~s"),
    )
    dots = base.mark_point(size=140).encode(x=x, y=y, color=option_colour())
    text = base.mark_text(align="left", dx=10).encode(
        x=x, y=y, text=alt.Text("usd_per_month:Q", format="$,.0f")
    )
    times = base.transform_aggregate(value="max(value)").transform_calculate(
        text="'volume x ' + format(datum.value, '.2f')"
    )
    note = times.mark_text(align="right", fontWeight="bold").encode(
        x=alt.XValue(620), y=alt.YValue(-8), text=alt.Text("text:N")
    )
    title, subtitle = (
        "Every option's bill at another volume",
        "Move the slider: all volumes together, the rest stays typical",
    )
    return layered([dots, text, note], title, subtitle, alt.Step(34)).add_params(choice)
