"""One look for all charts: a colour per thing, one font, a width that fits a page."""

import altair as alt

# Told apart with every common colour blindness and by their lightness in grey print.
COLOURS = {
    "today": "#2f3b4c",
    "tuned": "#7c8ba1",
    "api": "#0072b2",
    "own": "#d55e00",
    "serverless": "#009e73",
    "hybrid": "#aa4499",
    "load": "#566573",
    "muted": "#b4bcc6",
}
INK, GREY, LINE = "#1c2430", "#5f6b7a", "#dde2e8"
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, 'DejaVu Sans', sans-serif"
WIDTH_PIXELS, HEIGHT_PIXELS = 640, 300


def theme():
    """The theme as Altair takes it."""
    labels = {
        "labelFont": FONT,
        "titleFont": FONT,
        "labelColor": GREY,
        "titleColor": GREY,
        "labelFontSize": 12,
        "titleFontSize": 12,
    }
    axis = labels | {
        "titleFontWeight": "normal",
        "labelLimit": 260,
        "titlePadding": 10,
        "labelPadding": 5,
        "gridColor": LINE,
        "domainColor": GREY,
        "tickColor": LINE,
    }
    return {
        "config": {
            "autosize": {
                "type": "fit",
                "contains": "padding",
            },  # the width is that of the whole picture, labels included
            "padding": 6,
            "font": FONT,
            "background": "white",
            "view": {
                "continuousWidth": WIDTH_PIXELS,
                "discreteWidth": WIDTH_PIXELS,
                "discreteHeight": {"step": 30},
                "continuousHeight": HEIGHT_PIXELS,
                "stroke": None,
            },
            "title": {
                "anchor": "start",
                "frame": "bounds",
                "font": FONT,
                "subtitleFont": FONT,
                "color": INK,
                "fontSize": 16,
                "fontWeight": 600,
                "subtitleColor": GREY,
                "subtitleFontSize": 12,
                "subtitlePadding": 5,
                "offset": 14,
            },
            "axis": axis,
            "axisX": {"labelFlush": False, "labelOverlap": "parity", "labelSeparation": 10},
            "axisY": {"titleAnchor": "end"},
            "header": labels,
            "legend": labels
            | {
                "orient": "top",
                "title": None,
                "labelLimit": 300,
                "symbolStrokeWidth": 3,
                # beside long axis labels a legend that starts at the plot would run out of the picture
                "layout": {"top": {"anchor": "end", "bounds": "full"}},
                "offset": 6,
            },
            "range": {"category": [COLOURS[name] for name in ("api", "own", "serverless", "hybrid", "today", "tuned", "load", "muted")]},
            "line": {"strokeWidth": 2.5, "color": COLOURS["load"]},
            "area": {"opacity": 0.25, "color": COLOURS["load"]},
            "scale": {"bandPaddingInner": 0.3, "barBandPaddingInner": 0.3},
            "bar": {"color": COLOURS["load"]},
            "point": {"size": 60, "filled": True},
            "rule": {"color": GREY, "strokeDash": [4, 3]},
            "text": {"font": FONT, "fontSize": 12, "color": INK},
        }
    }


def enable():
    """Make this the theme of every chart."""
    alt.theme.register("llmcost", enable=True)(theme)
