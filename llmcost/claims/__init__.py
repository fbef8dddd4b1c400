"""Published numbers on hosting or paying per token, each recomputed by the package's own functions
and judged."""

from llmcost.claims.claim_table import claim, claims, said
from llmcost.claims.judged_claims import CHECKS, counts, judgements

__all__ = ["CHECKS", "claim", "claims", "counts", "judgements", "said"]
