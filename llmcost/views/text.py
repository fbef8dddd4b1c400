"""Computed prose, and client-controlled strings made harmless inside it."""

import re
import unicodedata
from html import escape

from llmcost.study.wording import number

DOLLAR = "<span>$</span>"
"""A dollar in HTML: money, never the start of a formula.

JupyterLab looks for pairs of dollars in what it shows, element by element. A dollar that is alone
in an element of its own has no partner.
"""
MONEY = DOLLAR.replace("$", r"\$")
"""A dollar in Markdown, which would else pair them first."""


class Prose:
    """A piece of Markdown; in a notebook it shows as text, in the report as paragraphs.

    A dollar is money here: see DOLLAR.
    """

    def __init__(self, text):
        self.text = text

    def _repr_markdown_(self):
        return re.sub(r"\\?\$", lambda _: MONEY, self.text)

    def __repr__(self):
        return self.text


def md(text):
    """Markdown to display.

    >>> md("From $18,000 to $8,500")
    From $18,000 to $8,500
    >>> print(md("$5")._repr_markdown_())
    <span>\\$</span>5
    """
    return Prose(text.strip())


def html_text(text):
    """Text for use inside HTML: marks show as themselves, and dollars are money.

    >>> html_text("<b> $5")
    '&lt;b&gt; <span>$</span>5'
    """
    return escape(text).replace("$", DOLLAR)


def visible(text):
    r"""One line without control, formatting and direction-changing characters.

    >>> visible("A\u202eB\x1b[31m\nC")
    'AB[31m C'
    """
    one_line = re.sub(r"\s+", " ", str(text))
    return "".join(
        character for character in one_line if unicodedata.category(character)[0] != "C"
    ).strip()


def inert(text):
    r"""A client's words for use inside Markdown: every mark of Markdown or HTML shows as itself.

    >>> print(inert("<b>R&D</b> [x](http://y)"))
    \<b\>R\&D\<\/b\> \[x\]\(http\:\/\/y\)
    """
    return re.sub(r"([!-+/:-@\[-`{-~.-])", r"\\\1", visible(text))


def times(ratio: float) -> str:
    """A factor in words.

    >>> times(3.56), times(24.2), times(1.03)
    ('3.6 times', '24 times', '1.03 times')
    """
    return f"{number(ratio, 3 if ratio < 1.1 else 2)} times"
