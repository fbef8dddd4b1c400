"""How it looks: one chart renderer, one theme, one table, Markdown and results displays.

Importing this package makes every Altair chart of the process show through our renderer and theme.
"""

from llmcost.views import renderer, theme
from llmcost.views.notebook_results import results
from llmcost.views.tables import table
from llmcost.views.text import inert, md
from llmcost.views.theme import COLOURS

renderer.enable()
theme.enable()

__all__ = ["COLOURS", "inert", "md", "results", "table"]
