"""Chart of a bill: from list prices, step by step, to what was reported or paid."""

import altair as alt
import pandas as pd

from llmcost.study.bill.waterfalls import waterfall_bars
from llmcost.views.chart_parts import step_colour
from llmcost.views.theme import layered


def reconciliation_chart(
    waterfall: pd.DataFrame, title: str, subtitle: str
) -> alt.LayerChart | alt.FacetChart:
    """A lying waterfall. Steps of nothing and gaps without an amount are left out.

    waterfall  step, kind (total | step | gap) and usd (over the export) or usd_per_month (against
               an invoice)
    """
    unit = "usd" if "usd" in waterfall else "usd_per_month"
    seen = waterfall[
        waterfall[unit].notna()
        & ((waterfall["kind"] == "total") | (waterfall[unit].abs() >= 0.005))
    ]
    steps = waterfall_bars(
        zip(seen["step"], seen[unit], seen["kind"] == "total", strict=True), unit
    )
    y = alt.Y("step:N", sort=list(steps["step"]), title=None)
    ends = steps[[f"start_{unit}", f"end_{unit}"]].to_numpy()
    room = alt.Scale(domain=[min(ends.min() * 1.2, 0.0), max(ends.max() * 1.2, 0.01)], nice=False)
    x_title = {"usd": "USD over the period of the export", "usd_per_month": "USD per month"}[unit]
    x = alt.X(
        f"start_{unit}:Q", title=x_title, scale=room, axis=alt.Axis(format="$,.2~f", tickCount=5)
    )
    base = alt.Chart(steps)
    bars = base.mark_bar(height=16).encode(y=y, x=x, x2=f"end_{unit}:Q", color=step_colour())
    right = base.transform_calculate(right=f"max(datum.start_{unit}, datum.end_{unit})").mark_text(
        align="left", dx=6, fontWeight="bold"
    )
    text = right.encode(y=y, x=alt.X("right:Q", scale=room), text=alt.Text("amount:N"))
    return layered([bars, text], title, subtitle, alt.Step(26))
