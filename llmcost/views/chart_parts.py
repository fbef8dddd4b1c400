"""What charts of several rooms share: the colours of options and steps, readable text, sliders."""

import json
from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from llmcost.views.theme import COLOURS

OPTION_COLOURS = {
    "today": COLOURS["today"],
    "tuned": COLOURS["tuned"],
    "open_api": COLOURS["api"],
    "serverless": COLOURS["serverless"],
    "rented": COLOURS["own"],
    "owned": COLOURS["own"],
    "hybrid": COLOURS["hybrid"],
}
DASHES = {"owned": [5, 3], "hybrid": [2, 2], "tuned": [5, 3]}
STEP_COLOURS = {"total": COLOURS["today"], "less": COLOURS["api"], "more": COLOURS["own"]}


def coloured(field: str, colours: Mapping[str, str], legend: alt.Legend | None = None) -> alt.Color:
    """Colour by a name -> colour table."""
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=legend,
    )


def named_legend(names: Mapping[str, str], **look) -> alt.Legend:
    """A legend with a name -> words table."""
    return alt.Legend(labelExpr=f"{json.dumps(names)}[datum.label]", **look)


def option_colour() -> alt.Color:
    """One colour per option, everywhere."""
    return coloured("option", OPTION_COLOURS)


def step_colour() -> alt.Color:
    """One colour per kind of step in every waterfall: total, less, more."""
    return coloured("kind", STEP_COLOURS)


def option_lines(
    options: Sequence[str], legend: alt.Legend, dash_legend: alt.Legend | None = None
) -> tuple[alt.Color, alt.StrokeDash]:
    """Colour and dash of these options, of lines over one axis."""
    shown = {option: OPTION_COLOURS[option] for option in options}
    dashes = [DASHES.get(option, [1, 0]) for option in options]
    dash = alt.StrokeDash(
        "option:N", scale=alt.Scale(domain=list(options), range=dashes), legend=dash_legend
    )
    return coloured("option", shown, legend), dash


def level(values: pd.DataFrame, field: str) -> list[alt.Chart]:
    """A level line with its text above its right end.

    values  the field, text
    """
    base = alt.Chart(values).encode(y=alt.Y(f"{field}:Q"))
    note = base.encode(x=alt.XValue("width"), text=alt.Text("text:N"))
    return [base.mark_rule(), *halo(note, align="right", dy=-9)]


def upright(name: str, value: float, **look) -> alt.Chart:
    """A vertical line at a value of the x axis."""
    return alt.Chart(pd.DataFrame({name: [value]})).mark_rule(**look).encode(x=alt.X(f"{name}:Q"))


def halo(text: alt.Chart, **look) -> list[alt.Chart]:
    """Text that stays readable where it crosses a line: white behind it."""
    return [text.mark_text(stroke="white", strokeWidth=4, **look), text.mark_text(**look)]


def slider(label, low, high, start, step):
    """A parameter bound to a slider under the chart: `chart.add_params(it)`, and use it in a
    `transform_calculate`.

    label  what the reader sees, with the unit
    """
    return alt.param(
        value=start, bind=alt.binding_range(min=low, max=high, step=step, name=f"{label} ")
    )
