"""What charts of several rooms share: the colours of options and steps, readable text, sliders."""

import altair as alt

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


def coloured(field, colours, names=None):
    """Colour by a name -> colour table; `names` are the legend's words, none hides it."""
    legend = alt.Legend(labelExpr=f"{names}[datum.label]") if names else None
    return alt.Color(
        f"{field}:N",
        scale=alt.Scale(domain=list(colours), range=list(colours.values())),
        legend=legend,
    )


def option_colour() -> alt.Color:
    """One colour per option, everywhere."""
    return coloured("option", OPTION_COLOURS)


def step_colour() -> alt.Color:
    """One colour per kind of step in every waterfall: total, less, more."""
    return coloured("kind", STEP_COLOURS)


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
