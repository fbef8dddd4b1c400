"""Published numbers on hosting or paying per token, each recomputed by the package's own functions
and judged."""

from llmcost.study.claims.judge import CHECKS, counts, judgements
from llmcost.study.claims.table import claim, claims, said

__all__ = ["CHECKS", "claim", "claims", "counts", "judgements", "said"]
