"""One look for all charts: a colour per thing, one font, a width that fits a page."""

import math
from collections.abc import Sequence
from typing import Any

import altair as alt

# Told apart with every common colour blindness and by their lightness in grey print.
COLOURS = {
    "today": "#2f3b4c",
    "tuned": "#7c8ba1",
    "api": "#0072b2",
    "own": "#d55e00",
    "hour": "#e69f00",
    "serverless": "#009e73",
    "hybrid": "#aa4499",
    "load": "#566573",
    "muted": "#b4bcc6",
}
INK, GREY, LINE = "#1c2430", "#5f6b7a", "#dde2e8"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"
WIDTH_PIXELS, HEIGHT_PIXELS = 640, 260


LABELS: dict[str, Any] = {
    "labelFont": FONT,
    "titleFont": FONT,
    "labelColor": GREY,
    "titleColor": GREY,
}
LABELS |= {"labelFontSize": 12, "titleFontSize": 12}
CATEGORIES = ("api", "own", "serverless", "hybrid", "today", "tuned", "load", "muted")


def theme():
    """The theme as Altair takes it: the frame of a chart, its words, its marks."""
    return {
        "config": {"font": FONT, "background": "white", "padding": 6} | frame() | words() | marks()
    }


def frame():
    """Sizes. The width is that of the whole picture, labels included."""
    view: dict[str, Any] = {"continuousWidth": WIDTH_PIXELS, "discreteWidth": WIDTH_PIXELS}
    view |= {"continuousHeight": HEIGHT_PIXELS, "discreteHeight": {"step": 30}, "stroke": None}
    return {"autosize": {"type": "fit", "contains": "padding"}, "view": view}


def words():
    """Title, axes, legends and labels."""
    title = {
        "anchor": "start",
        "frame": "bounds",
        "font": FONT,
        "fontSize": 16,
        "fontWeight": 600,
        "color": INK,
    }
    subtitle = {
        "subtitleFont": FONT,
        "subtitleFontSize": 12,
        "subtitleColor": GREY,
        "subtitlePadding": 5,
        "offset": 14,
    }
    axis = {"titleFontWeight": "normal", "labelLimit": 260, "titlePadding": 10, "labelPadding": 5}
    # Beside long axis labels a legend that starts at the plot would run out of the picture.
    legend = {
        "orient": "top",
        "layout": {"top": {"anchor": "end", "bounds": "full"}},
        "title": None,
        "labelLimit": 300,
    }
    return {
        "title": title | subtitle,
        "axis": LABELS | axis | {"gridColor": LINE, "domainColor": GREY, "tickColor": LINE},
        "axisX": {"labelFlush": False, "labelOverlap": "parity", "labelSeparation": 10},
        "axisY": {"titleAnchor": "end"},
        "header": LABELS,
        "legend": LABELS | legend | {"symbolStrokeWidth": 3, "offset": 6},
        "text": {"font": FONT, "fontSize": 12, "color": INK},
    }


def marks():
    """Lines, bars, points and their colours."""
    return {
        "range": {"category": [COLOURS[thing] for thing in CATEGORIES]},
        "scale": {"bandPaddingInner": 0.3, "barBandPaddingInner": 0.3},
        "line": {"strokeWidth": 2.5, "color": COLOURS["load"]},
        "area": {"opacity": 0.25, "color": COLOURS["load"]},
        "bar": {"color": COLOURS["load"]},
        "point": {"size": 60, "filled": True},
        "rule": {"color": GREY, "strokeDash": [4, 3]},
    }


LADDERS = (
    (1.0,),
    (1.0, 2.0, 5.0),
    tuple(range(1, 10)),
    tuple(step / 2 for step in range(2, 20)),
    tuple(step / 10 for step in range(10, 100)),
)


def log_ticks(low: float, high: float) -> list[float]:
    """Round values for a log axis, inside the range of the data: the coarsest ladder that gives
    three or more.

    A low end of nothing has no logarithm: six decades below the high end are enough.

    >>> log_ticks(900, 150_000)
    [1000.0, 10000.0, 100000.0]
    >>> log_ticks(11_400, 70_000)
    [20000.0, 30000.0, 40000.0, 50000.0, 60000.0, 70000.0]
    """
    low = max(low, high / 1e6)
    decades = [
        10.0**decade
        for decade in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    ]
    ladders = [
        [step * decade for decade in decades for step in ladder if low <= step * decade <= high]
        for ladder in LADDERS
    ]
    return next((ticks for ticks in ladders if len(ticks) >= 3), ladders[-1])


def layered(
    layers: Sequence[alt.Chart], title: str, subtitle: str | list[str], height: int | alt.Step
) -> alt.LayerChart:
    """The layers as one chart. Put in after it is made: Altair copies all of them, here and again
    when the chart is shown."""
    chart = alt.LayerChart(title=alt.Title(title, subtitle=subtitle), height=height)
    chart.layer = list(layers)
    return chart


def enable():
    """Make this the theme of every chart."""
    alt.theme.register("llmcost", enable=True)(theme)
