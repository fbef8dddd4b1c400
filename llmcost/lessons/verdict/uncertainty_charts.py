"""Charts of what is not known: where another option would be the cheapest, and what it is worth to
measure an input first."""

import altair as alt
import numpy as np
import pandas as pd

from llmcost.study.bill.options import LABELS
from llmcost.views.chart_parts import halo, option_colour
from llmcost.views.theme import COLOURS, INK, layered, log_ticks

LEAST_NAMED_FRACTION = 0.02
"""Smaller areas have no room for their name."""


def reversal_chart(cells: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """A map of the cheapest option by volume and load factor, each area with its name, and the
    client's own place.

    cells  volume_ratio (times today's), load_factor_fraction, option, client; one row per place of
           a whole grid
    """
    x_ticks, y_ticks = (
        log_ticks(cells[name].min(), cells[name].max() * 1.001)
        for name in ("volume_ratio", "load_factor_fraction")
    )
    x = alt.X(
        "left_ratio:Q",
        title="volume, times today's, log scale",
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=x_ticks, format="~g", grid=False),
    )
    y = alt.Y(
        "bottom_fraction:Q",
        title=["load factor: mean hour over", "busiest hour, log scale"],
        scale=alt.Scale(type="log", nice=False),
        axis=alt.Axis(values=y_ticks, format="~%", grid=False),
    )
    # bought GPUs have the colour of rented ones
    shade = alt.condition("datum.option == 'owned'", alt.value(0.5), alt.value(0.85))
    areas = (
        alt.Chart(areas_of(cells))
        .mark_rect(stroke=None)
        .encode(
            x=x,
            y=y,
            x2=alt.X2("right_ratio"),
            y2=alt.Y2("top_fraction"),
            color=option_colour(),
            opacity=shade,
        )
    )
    at_x, at_y = alt.X("volume_ratio:Q"), alt.Y("load_factor_fraction:Q")
    names = halo(
        alt.Chart(area_labels(cells)).encode(x=at_x, y=at_y, text=alt.Text("label:N")),
        fontWeight="bold",
        align="center",
    )
    here = alt.Chart(cells[cells["client"]].assign(text="this client")).encode(x=at_x, y=at_y)
    mark = here.mark_point(
        shape="diamond", size=130, color=INK, stroke="white", strokeWidth=1.5, opacity=1
    )
    above = (
        float(here.data["load_factor_fraction"].iloc[0]) < cells["load_factor_fraction"].median()
    )
    note = halo(here.encode(text=alt.Text("text:N")), align="center", dy=-16 if above else 16)
    return layered([areas, mark, *names, *note], title, subtitle, 330)


def areas_of(cells: pd.DataFrame) -> pd.DataFrame:
    """The map as few rectangles: runs of one option along a row, with edges half way to the next
    place on a log scale.

    Columns: option, left_ratio, right_ratio, bottom_fraction, top_fraction.
    """
    placed = cells.sort_values(["load_factor_fraction", "volume_ratio"])
    for column, low, high in (
        ("volume_ratio", "left_ratio", "right_ratio"),
        ("load_factor_fraction", "bottom_fraction", "top_fraction"),
    ):
        centres, place = np.unique(placed[column], return_inverse=True)
        edges = np.concatenate([centres[:1], np.sqrt(centres[1:] * centres[:-1]), centres[-1:]])
        placed[low], placed[high] = edges[place], edges[place + 1]
    run = (
        (placed["option"] != placed["option"].shift())
        | (placed["load_factor_fraction"] != placed["load_factor_fraction"].shift())
    ).cumsum()
    sides = {
        "left_ratio": "first",
        "right_ratio": "last",
        "bottom_fraction": "first",
        "top_fraction": "first",
    }
    return placed.groupby(run).agg({"option": "first", **sides}).reset_index(drop=True)


def area_labels(cells: pd.DataFrame) -> pd.DataFrame:
    """The innermost place of each option's area, for its name: option, label, volume_ratio,
    load_factor_fraction."""
    across, up = (
        np.unique(cells[column], return_inverse=True)[1]
        for column in ("volume_ratio", "load_factor_fraction")
    )
    x, y = across / max(across.max(), 1), up / max(up.max(), 1)
    places = []
    for option, size in cells["option"].value_counts().items():
        mine = (cells["option"] == option).to_numpy()
        others = np.hypot(x[mine, None] - x[~mine], y[mine, None] - y[~mine]).min(
            axis=1, initial=2.0
        )
        # names are wider than high
        border = np.minimum(np.minimum(x, 1 - x), np.minimum(y, 1 - y) + 0.05)[mine]
        if size >= LEAST_NAMED_FRACTION * len(cells):
            places.append(cells[mine].iloc[int(np.minimum(others, border).argmax())])
    found = pd.DataFrame(places)[["option", "volume_ratio", "load_factor_fraction"]]
    return found.assign(label=found["option"].map(LABELS))


def information_chart(known: pd.DataFrame, title: str, subtitle: str) -> alt.LayerChart:
    """What it is worth to know each input before choosing, most valuable first, and everything
    together as a rule.

    known  rank (0: everything together), name, evpi_usd_per_month
    """
    each, everything = known[known["rank"] > 0], known[known["rank"] == 0]
    y = alt.Y("name:N", sort=list(each["name"]), title=None, axis=alt.Axis(labelLimit=360))
    x = alt.X(
        "evpi_usd_per_month:Q",
        title="worth of knowing it before choosing, USD per month",
        axis=alt.Axis(format="$,.0f", tickCount=5),
    )
    bars = alt.Chart(each).mark_bar(height=16, color=COLOURS["today"]).encode(x=x, y=y)
    texts = (
        alt.Chart(each)
        .mark_text(align="left", dx=4)
        .encode(x=x, y=y, text=alt.Text("evpi_usd_per_month:Q", format="$,.3s"))
    )
    rule = alt.Chart(everything).mark_rule().encode(x=alt.X("evpi_usd_per_month:Q"))
    note = (
        alt.Chart(everything)
        .mark_text(align="right", dx=-4, y=-6)
        .encode(x=alt.X("evpi_usd_per_month:Q"), text=alt.Text("name:N"))
    )
    return layered([bars, texts, rule, note], title, subtitle, alt.Step(28))
