"""A dollar is money wherever a notebook computes it: JupyterLab makes a formula of no pair of
them."""

import json
import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st

from llmcost import views
from llmcost.inputs.paths import notebooks_path
from llmcost.report.page import markdown_html, safe_html
from llmcost.views.text import MONEY

words = st.text(st.sampled_from("$\\a5 <&>.,`*_"), max_size=12)
NOTEBOOKS = sorted(notebooks_path().glob("[0-9]*.ipynb"))


class Texts(HTMLParser):
    """The texts of a piece of HTML, one for each stretch between two tags: what JupyterLab looks
    for pairs in."""

    def __init__(self, html):
        super().__init__()
        self.found = [""]
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.found.append("")

    def handle_endtag(self, tag):
        self.found.append("")

    def handle_data(self, data):
        self.found[-1] += data


def paired(html):
    """The texts in which a dollar has something beside it that it could be paired with."""
    return [text for text in Texts(html).found if "$" in text and text != "$"]


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(words, words, words)
def test_no_dollar_of_a_table_can_be_paired(head, cell, caption):
    table = views.table(pd.DataFrame({f"h{head}": [f"c{cell}"]}), caption=f"t{caption}")
    html = table._repr_html_()
    assert paired(html) == []
    plain = "".join(Texts(html).found)
    assert plain.count("$") == (head + cell + caption).count("$")
    assert "span" not in safe_html(html)


def test_a_report_shows_the_same_words_without_the_notebooks_spans():
    table = views.table(pd.DataFrame({"price": ["from $1 to $2"]}))
    assert "from $1 to $2" in safe_html(table._repr_html_())
    assert "from $1 to $2" in markdown_html(views.md("from $1 to $2")._repr_markdown_())


def computed(notebook):
    """(kind, text) of what the code cells of a committed notebook show as HTML or Markdown."""
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            for kind in ("text/html", "text/markdown"):
                if kind in output.get("data", {}):
                    yield kind, "".join(output["data"][kind])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_dollar_that_a_committed_notebook_computed_can_be_paired(notebook):
    for kind, text in computed(notebook):
        if kind == "text/html":
            assert paired(text) == []
        else:
            assert not re.search(r"(?<!\\)\$", text) and "$" not in text.replace(MONEY, "")
