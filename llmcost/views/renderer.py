"""One Altair renderer for JupyterLab, papermill, nbval and the report alike.

A chart is shown as its own Vega-Lite specification and nothing else: no script from a network, no
random id. JupyterLab draws it offline, nbval compares it, the report embeds it.
"""

import json
import math
import re
from textwrap import wrap

import altair as alt
import pandas as pd
from altair.utils import schemapi
from altair.utils.data import to_values

from llmcost.study.wording import rounded

CHART_MIME = (  # JupyterLab draws version 6 specifications sent under this name
    "application/vnd.vegalite.v5+json"
)
SHOWN_DIGITS_COUNT = 6
LINE_CHARACTERS_COUNT = {"text": 60, "subtitle": 92}  # at the sizes of theme.py


def shown(value):
    """The value with every float at six significant digits, so that no library's last bit moves a
    committed chart."""
    if isinstance(value, float):
        return rounded(value, SHOWN_DIGITS_COUNT)
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value


# Altair counts some names through the whole process and makes others from a hash of every digit of
# the data.
MADE_UP_NAME = re.compile(r"\b(view|param|data)[_-](?:\d+|[0-9a-f]{16}(?:_\d+)?|[0-9a-f]{32})\b")


def stable_names(text):
    """The text with made-up names counted in it from 1, whatever was drawn before it in the
    process."""
    kinds = {match[0]: match[1] for match in MADE_UP_NAME.finditer(text)}
    numbered = enumerate(kinds.items(), start=1)
    # data_1 would be Vega's own
    names = {name: f"shown_{kind}_{number}" for number, (name, kind) in numbered}
    return MADE_UP_NAME.sub(lambda match: names[match[0]], text)


def columns_read(rows, text):
    """The rows without the columns that a specification's text does not name; a name that JSON may
    write otherwise is kept."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return rows  # plain values
    plain = {name for name in set().union(*rows) if re.fullmatch(r"\w+", name, re.ASCII)}
    unread = {name for name in plain if name not in text}
    if not unread:
        return rows
    return [{name: cell for name, cell in row.items() if name not in unread} for row in rows]


def title_of(spec):
    """The chart's title as one line of text, or an empty string."""
    title = spec.get("title", "")
    title = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(title) if isinstance(title, list) else str(title)


def wrapped(title):
    """A chart's title in lines that fit its width: it states a conclusion, and must not be cut."""
    title = title if isinstance(title, dict) else {"text": title}
    lines = {
        part: wrap(
            " ".join(text) if isinstance(text, list) else str(text), LINE_CHARACTERS_COUNT[part]
        )
        for part, text in title.items()
        if part in LINE_CHARACTERS_COUNT
    }
    return title | lines


def mimebundle(spec, **_metadata):
    """The display data of one chart."""
    datasets = spec.get("datasets", {})
    text = stable_names(json.dumps(shown(spec | {"datasets": dict.fromkeys(datasets)})))
    spec = json.loads(text)
    spec["datasets"] = {
        name: shown(columns_read(rows, text))
        for name, rows in zip(spec["datasets"], datasets.values(), strict=True)
    }
    if spec.get("title"):
        spec["title"] = wrapped(spec["title"])
    return {CHART_MIME: spec, "text/plain": f"Chart: {title_of(spec)}".rstrip(": ")}


def chart_rows(data):
    """A frame of numbers and words as the rows of a chart, what is not known or not finite as
    nothing; all else as Altair does."""
    if not isinstance(data, pd.DataFrame) or not all(
        dtype.kind in "biuf" or isinstance(dtype, pd.StringDtype) for dtype in data.dtypes
    ):
        return to_values(data)
    columns = [
        [
            None if isinstance(cell, float) and not math.isfinite(cell) else cell
            for cell in data[name].tolist()
        ]
        for name in data
    ]
    return {
        "values": [dict(zip(data.columns, row, strict=True)) for row in zip(*columns, strict=True)]
    }


def unchecked(chart, **_options):
    """The display data of one chart that is not held against Vega-Lite's schema again.

    For the batch, which draws the notebooks' charts with the numbers of other clients: tests hold
    them against it, hostile words too.
    """
    return mimebundle(chart.to_dict(validate=False, context={"pre_transform": False}))


def enable():
    """Make this the renderer of every chart; data travels inside the chart.

    A chart is held against the schema once, whole, when it is shown: to check each of its parts
    when it is made takes as long again.
    """
    schemapi.disable_debug_mode()
    alt.renderers.register("llmcost", mimebundle)
    alt.renderers.enable("llmcost")
    alt.data_transformers.register("llmcost", chart_rows)
    alt.data_transformers.enable("llmcost")
