"""One Altair renderer for JupyterLab, papermill, nbval and the report alike.

A chart is shown as its own Vega-Lite specification and nothing else: no script from a network, no random id.
JupyterLab draws it offline, nbval compares it, the report embeds it.
"""
import json
import re

import altair as alt

from llmcost.study.wording import rounded

CHART_MIME = "application/vnd.vegalite.v5+json"  # JupyterLab draws version 6 specifications sent under this name
SHOWN_DIGITS_COUNT = 6


def shown(value):
    """The value with every float at six significant digits, so that no library's last bit moves a committed chart."""
    if isinstance(value, float):
        return rounded(value, SHOWN_DIGITS_COUNT)
    if isinstance(value, dict):
        return {key: shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shown(item) for item in value]
    return value


def stable_names(spec):
    """The specification with Altair's counted names counted from 1, whatever was drawn before it in the process."""
    text = json.dumps(spec)
    first_seen = dict.fromkeys(re.findall(r"\b(?:view|param)_\d+\b", text))
    names = {name: f"{name.split('_')[0]}_{number}" for number, name in enumerate(first_seen, start=1)}
    return json.loads(re.sub(r"\b(?:view|param)_\d+\b", lambda match: names[match[0]], text))


def title_of(spec):
    """The chart's title as one line of text, or an empty string."""
    title = spec.get("title", "")
    title = title.get("text", "") if isinstance(title, dict) else title
    return " ".join(title) if isinstance(title, list) else str(title)


def mimebundle(spec, **_metadata):
    """The display data of one chart."""
    spec = stable_names(shown(spec))
    return {CHART_MIME: spec, "text/plain": f"Chart: {title_of(spec)}".rstrip(": ")}


def enable():
    """Make this the renderer of every chart; data travels inside the chart."""
    alt.renderers.register("llmcost", mimebundle)
    alt.renderers.enable("llmcost")
    alt.data_transformers.enable("default", max_rows=None)
