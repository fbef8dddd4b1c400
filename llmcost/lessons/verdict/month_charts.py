"""The contract: every option's bill month by month, as a chart with its title."""

import json

import altair as alt
import pandas as pd

from llmcost.study.horizon.months import growths
from llmcost.study.horizon.whole_contract import Horizon
from llmcost.study.study import Study
from llmcost.study.verdict.money_sentences import crossing
from llmcost.study.wording import percent
from llmcost.views.chart_parts import option_lines
from llmcost.views.theme import layered

MONTH = alt.Axis(format="d", tickMinStep=1, grid=False)


def bills_chart(months: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart | alt.FacetChart:
    """Each option's bill over the months of the contract, with its name in the legend.

    months  option, label, month, usd_per_month
    """
    names = dict(zip(months["option"], months["label"], strict=True))
    legend = alt.Legend(
        title=None,
        labelExpr=f"{json.dumps(names)}[datum.label]",
        symbolType="stroke",
        columns=2,
        labelLimit=340,
    )
    colour, dash = option_lines(list(names), legend)
    lines = (
        alt.Chart(months)
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X(
                "month:Q", title="month of the contract", axis=MONTH, scale=alt.Scale(nice=False)
            ),
            y=alt.Y(
                "usd_per_month:Q",
                title=["USD per month,", "everything in"],
                axis=alt.Axis(format="$,.0f"),
                scale=alt.Scale(zero=True),
            ),
            color=colour,
            strokeDash=dash,
        )
    )
    return layered([lines], title, subtitle, 300)


def bills_title(study: Study, horizon: Horizon) -> str:
    """Whether another option's bill ever falls below the advised one's, and when."""
    said = crossing(study, horizon)
    return said[0].upper() + said[1:]


def bills_subtitle(study: Study, horizon: Horizon, level: str = "typical") -> str:
    """What moves in the chart of the bills; `level` is the growth that it was drawn at."""
    growing = ", ".join(percent(getattr(a, level)) for a in growths(study).values())
    return (
        f"Volume grows by {growing} a month, rents and prices move steadily to their mean over"
        f" {horizon.months_count} months"
    )
