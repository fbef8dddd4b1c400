"""The accuracy ledger as text: `llmcost accuracy`. The README repeats the figures of `headline`."""

import textwrap

import pandas as pd

from llmcost.ledger import accuracy
from llmcost.views.tables import Table, table

WIDTH_COUNT = 110
"""Characters in a line."""
HEADS = {
    "points": "points",
    "engine": "engine",
    "gpu_id": "GPU",
    "precision": "weights",
    "family": "model",
    "points_count": "n",
    "median_error_fraction": "median",
    "p90_error_fraction": "p90",
    "bias_ratio": "bias",
    "calibrated_median_error_fraction": "LOO",
    "calibrated_p90_error_fraction": "LOO p90",
    "itl_median_error_fraction": "ITL",
    "use": "use",
}
"""Column of the ledger -> its short head."""
LEGEND = (
    "An error is the factor between prediction and measurement, less one: 25 % is within times or"
    " divided by 1.25. median, p90: errors of the roofline alone. bias: predicted over measured,"
    " median; above 1 the model promises too much. LOO: each row left out and predicted as a study"
    " does from the others: through rows of the same plan and engine, else the roofline times what"
    " the other rows on that GPU say. ITL: median error of the time between tokens. fitted: the"
    " rows on which the model's constants were fitted; they say how good the fit is and no more."
)
RULE = (
    f"Rule of use: {accuracy.RULE}. One choice of the model, how many experts a step reads, was"
    " made on gpt-oss-120b rows; they count as held out."
)


def text() -> str:
    """The ledger in aligned columns: all of it, by kind of model, and where the model must not be
    used."""
    points = accuracy.predictions()
    prose = [_filled(paragraph) for paragraph in (headline(points), LEGEND, RULE)]
    cautions = [_filled(f"- {caution}", "  ") for caution in accuracy.cautions(points)]
    return "\n\n".join(
        [*prose, repr(by_family(points)), repr(by_plan(points)), "\n".join(cautions)]
    )


def headline(points: pd.DataFrame) -> str:
    """The ledger in a paragraph: how many rows, and what held-out rows say of the roofline, of
    interpolation and of latency."""
    total = accuracy.ledger(points, []).set_index("points")
    held_out = total.loc["held out"]
    figures = {
        column: _percent(value)
        for column, value in held_out.items()
        if str(column).endswith("_fraction")
    }
    return (
        f"Predicted against measured for all {len(points)} public rows of"
        " `data/catalog/throughput.csv`; the model's constants were fitted on"
        f" {total.loc['fitted', 'points_count']} of them. On the {held_out['points_count']} others"
        f" the roofline alone is off by {figures['median_error_fraction']} in the median and"
        f" {figures['p90_error_fraction']} at the 90th percentile. Corrected by the other measured"
        " rows, as in a study, a left-out row is off by"
        f" {figures['calibrated_median_error_fraction']} and"
        f" {figures['calibrated_p90_error_fraction']}. The time between tokens, measured in"
        f" {held_out['itl_points_count']} rows, is off by {figures['itl_median_error_fraction']} in"
        " the median."
    )


def by_family(points: pd.DataFrame) -> Table:
    """The ledger by kind of model."""
    return _table(accuracy.ledger(points, ["family"]))


def by_plan(points: pd.DataFrame) -> Table:
    """The ledger by engine, GPU and precision."""
    return _table(accuracy.ledger(points))


def _table(lines: pd.DataFrame) -> Table:
    """Lines of the ledger under short heads, rounded for the eye."""
    shown = pd.DataFrame({HEADS[column]: lines[column] for column in lines if column in HEADS})
    for column in lines.columns.intersection(list(HEADS)):
        if column.endswith(("_fraction", "_ratio")):
            shown[HEADS[column]] = lines[column].map(
                _percent if column.endswith("_fraction") else _ratio
            )
    rendered = table(shown)
    rendered.right = [
        head not in ("engine", "GPU", "weights", "model", "points", "use") for head in shown
    ]
    return rendered


def _filled(paragraph: str, indent: str = "") -> str:
    """A paragraph in lines, no name cut at its hyphen."""
    return textwrap.fill(paragraph, WIDTH_COUNT, subsequent_indent=indent, break_on_hyphens=False)


def _percent(fraction: float) -> str:
    return "" if pd.isna(fraction) else f"{100 * fraction:.0f} %"


def _ratio(ratio: float) -> str:
    return f"{ratio:.2f}"
