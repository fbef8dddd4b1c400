"""What it really costs to host an open LLM, to pay per token, to rent by the second, or to split the load."""

from llmcost.inputs.errors import InputError
from llmcost.study import Study, open_study

__version__ = "0.1.0"
__all__ = ["InputError", "Study", "open_study"]
