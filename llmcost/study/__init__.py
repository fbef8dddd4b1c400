"""One client's inputs joined to the model, one module per question."""

from llmcost.study.study import Study, open_study

__all__ = ["Study", "open_study"]
