"""One client's page: a first page from the results alone, then the notebooks' tagged cells, then
the appendix.

The file opens offline and asks for nothing: the chart script is in it, and only that script and our
own may run.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import jinja2
import mistune
import nh3
from markupsafe import Markup

from llmcost.report.failures import ReportError
from llmcost.report.page_figures import bills, first_page_option, round_usd
from llmcost.study import wording
from llmcost.views.renderer import CHART_MIME, mimebundle, title_of
from llmcost.views.tables import cell_text
from llmcost.views.text import MONEY, visible

TEXT_TAGS = "h1 h2 h3 h4 h5 h6 p br hr blockquote ul ol li em strong del code pre a"
TABLE_TAGS = "table caption thead tbody tr th td"
ATTRIBUTES = {"a": {"href"}, "th": {"class"}, "td": {"class"}}
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal or an editor would obey; no page needs it."""


@cache
def tools() -> tuple[jinja2.Environment, Any, nh3.Cleaner]:
    """The template environment, the Markdown reader and the sanitiser."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("llmcost.report", "template"),
        autoescape=True,
        undefined=jinja2.ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: typeset(value) if type(value) is str else value,
    )
    environment.filters |= {
        name: getattr(wording, name)
        for name in ("usd", "usd_range", "percent", "probability", "number")
    }
    environment.filters |= {"cell": cell_text, "breakable": breakable, "round_usd": round_usd}
    tags = {*TEXT_TAGS.split(), *TABLE_TAGS.split()}
    cleaner = nh3.Cleaner(
        tags=tags,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https"},
        url_relative="deny",  # a report stands alone: nothing lies beside it
        link_rel=None,  # its policy sends no referrer, and nothing opens a window
    )
    return (
        environment,
        mistune.create_markdown(escape=True, plugins=["table", "strikethrough"]),
        cleaner,
    )


def render(results: dict[str, Any], notebooks: dict[str, Any], chart_script: str) -> str:
    """The page of one client as HTML text."""
    environment = tools()[0]
    embed = environment.get_template("embed.js").render()
    template = environment.get_template("report.html")
    return template.render(
        title=f"{results.get('name') or results['slug']} – should you host your own model?",
        results=results,
        verdict=results["verdict"],
        report=results.get("report") or {},
        options=[first_page_option(option, results["options"]) for option in results["options"]],
        bills=bills(results["options"]),
        sections=list(sections(notebooks, "report")),
        appendix=list(sections(notebooks, "appendix")),
        scripts=[Markup(chart_script), Markup(embed)],
        script_hashes=[script_hash(chart_script), script_hash(embed)],
        style=Markup(environment.get_template("report.css").render(brand=brand_colour(results))),
    )


def typeset(text: str) -> str:
    """A plain string as print sets it, on one line."""
    return visible(text).replace(" -> ", " → ").replace(" <= ", " ≤ ").replace(" >= ", " ≥ ")


def breakable(text: str) -> Markup:
    """A dotted path that a narrow column may break at its joints."""
    return Markup("<wbr>").join(re.split(r"(?<=[._/])", visible(text)))


def script_hash(script: str) -> str:
    """The source expression that lets exactly this script run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def brand_colour(results: dict[str, Any]) -> str:
    """The consultant's colour, if it is one."""
    colour = str((results.get("report") or {}).get("brand_colour") or "")
    is_colour = (
        len(colour) == 7
        and colour[0] == "#"
        and all(digit in "0123456789abcdefABCDEF" for digit in colour[1:])
    )
    return colour if is_colour else "#0b5f8a"


def sections(notebooks: dict[str, Any], tag: str) -> Iterable[dict[str, Any]]:
    """Title and blocks of every notebook that has cells with the tag."""
    for name, notebook in notebooks.items():
        blocks = [
            block
            for number, cell in enumerate(notebook.cells, start=1)
            if tag in cell.metadata.get("tags", [])
            for block in cell_blocks(cell, f"{name}, cell {number}")
        ]
        if blocks:
            yield {"id": name, "title": question(notebook), "blocks": blocks}


def question(notebook: Any) -> str:
    """The notebook's title: its first Markdown heading."""
    lines = [
        line
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for line in cell.source.splitlines()
    ]
    return next((line.lstrip("# ").strip() for line in lines if line.startswith("#")), "")


def cell_blocks(cell: Any, where: str) -> Iterable[dict[str, Any]]:
    """What a tagged cell adds to the page: its text, or its outputs. Code never shows."""
    if cell.cell_type == "markdown":
        yield {"html": markdown_html(cell.source)}
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if CHART_MIME in data:
            spec = data[CHART_MIME]
            yield {"spec": script_json(spec), "title": title_of(spec)}
        elif "text/html" in data:
            yield {"html": whole_days(safe_html("".join(data["text/html"])))}
        elif "text/markdown" in data:
            yield {"html": markdown_html("".join(data["text/markdown"]))}
        else:
            raise ReportError(
                f"{where}: a report shows Markdown, our tables and charts, not"
                f" {', '.join(data) or 'text streams'}"
            )


def markdown_html(text: str) -> Markup:
    """Markdown as safe HTML, its headings one level down: the page's own sections stand above
    them."""
    html = tools()[1](text.replace(MONEY, r"\$"))
    for level in range(5, 0, -1):
        html = html.replace(f"<h{level}>", f"<h{level + 1}>").replace(
            f"</h{level}>", f"</h{level + 1}>"
        )
    return safe_html(html)


def safe_html(html: str) -> Markup:
    """HTML with nothing in it but text, structure and links: no script, style, image or form."""
    return Markup(tools()[2].clean(CONTROLS.sub("", html)))


def whole_days(html: Markup) -> Markup:
    """A table whose days do not break at their hyphens, however narrow the column."""
    return Markup(re.sub(r'<td class="txt">(?=\d{4}-\d\d-\d\d</td>)', '<td class="txt day">', html))


def script_json(value: Any) -> Markup:
    """JSON that cannot end the script element around it."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)


def warm_up() -> None:
    """Use everything once, so that a forked child finds it loaded and compiled."""
    import altair as alt
    import pandas as pd

    frame = pd.DataFrame({"x": [1.0, 2.0], "y": ["a", "b"]})
    mimebundle(alt.Chart(frame).mark_line().encode(x="x:Q", y="y:N").to_dict())
    markdown_html("# A\n\n| a |\n|---|\n| b |")
    environment = tools()[0]
    for name in ("report.html", "report.css", "embed.js"):
        environment.get_template(name)
