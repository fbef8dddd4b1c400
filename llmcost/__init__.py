"""What it really costs to host an open LLM, to pay per token, to rent by the second, or to split the load."""

from llmcost.inputs.errors import InputError
from llmcost.study import Study, open_study

__all__ = ["InputError", "Study", "open_study"]
