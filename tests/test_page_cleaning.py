"""What a notebook shows enters the page as text, structure and links, whatever a client typed into
it."""

import hostile
import pytest

from llmcost.report.page import safe_html

KEPT = (
    '<h2>A</h2><p>b <em>c</em> <a href="https://example.org/x">d</a></p><table><tbody><tr><td'
    ' class="num">1</td></tr></tbody></table>'
)
CHANGED = {
    "<script>alert(1)</script>a": "a",
    "<style>p {display: none}</style>a": "a",
    '<p style="position: fixed" id="x" onclick="x()">a</p>': "<p>a</p>",
    '<img src="https://evil.test/x"><svg onload="x()">a</svg>': "a",
    '<form action="https://evil.test"><input name="b">a</form>': "a",
    "<!-- a -->b": "b",
    "a\x1b[31m\x00b\x7f": "a[31mb",
}
LINKS = [
    "javascript:x()",
    "data:text/html,x",
    "file:///etc/hosts",
    "//evil.test/x",
    "other.html",
    " java\tscript:x()",
]


def test_text_structure_and_links_stay_as_they_are():
    assert safe_html(KEPT) == KEPT


@pytest.mark.parametrize("given", CHANGED)
def test_what_acts_loads_or_dresses_is_gone(given):
    assert safe_html(given) == CHANGED[given]


@pytest.mark.parametrize("address", LINKS)
def test_a_link_leads_to_a_site_or_nowhere(address):
    assert safe_html(f'<a href="{address}">a</a>') == "<a>a</a>"


@pytest.mark.parametrize("given", hostile.STRINGS)
def test_cleaning_what_is_clean_changes_nothing(given):
    """Else a second reader could see what the first did not: the way in of most holes of
    sanitisers."""
    once = safe_html(f"<table><tr><td>{given}</td></tr></table>")
    assert safe_html(once) == once
