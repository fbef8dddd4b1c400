"""Every claim with its judgement: holds, does not, or cannot be checked, and why."""

import pandas as pd

from llmcost.claims import (
    around_gpus,
    crossings,
    formulas,
    loads,
    prices,
    sleepers,
    thresholds,
    throughputs,
)
from llmcost.claims.claim_table import Claim, claims
from llmcost.claims.findings import (
    ADVICE,
    CHOSEN,
    EXPERIENCE,
    GATE,
    NO_ROW,
    OWN_ROW,
    Check,
    Finding,
    unchecked,
)

HOLDS, DOES_NOT, CANNOT = "holds", "does not hold", "cannot be checked"
JUDGEMENTS = {True: HOLDS, False: DOES_NOT, None: CANNOT}
THEMES = (throughputs, formulas, prices, crossings, thresholds, around_gpus, loads, sleepers)
OPEN: dict[tuple[str, ...], tuple[str, str]] = {
    ("A0-005", "A1-004", "A1-016", "A1-018", "A2-023", "A2-044", "A2-060", "A4-036"): (
        CHOSEN,
        "an input of the example",
    ),
    ("A4-009",): (CHOSEN, "a way to sort the lines"),
    ("A4-017",): (OWN_ROW, "the life of hardware is set, and our row took it from here"),
    ("A1-012",): (OWN_ROW, "our row of an engineer's share took it from here"),
    ("A1-015",): (NO_ROW, "licences of serving software are in no table here"),
    ("A0-010", "A0-011", "A1-021", "A1-022"): (GATE, "data, latency or needs decide, and no price"),
    ("A3-016", "A3-017", "A3-019"): (GATE, "control or a model of one's own decides, and no price"),
    ("A4-045", "A4-046", "A4-049"): (
        GATE,
        "a rule decides; vendors sign agreements, so it is not automatic",
    ),
    ("A0-013", "A0-020", "A1-027", "A3-014"): (ADVICE, "how to decide, not what it costs"),
    ("A0-014", "A1-024", "A3-018", "A3-028"): (
        EXPERIENCE,
        "what teams live through; nothing here measures it",
    ),
    ("A4-038", "A4-040", "A4-052", "A4-053", "A4-054", "A4-056"): (
        EXPERIENCE,
        "what teams live through; nothing here measures it",
    ),
}
"""Claims that make no number and need no computation, with the cause and a word on it."""


def _checks() -> dict[str, Check]:
    """Claim -> what recomputes it; a claim with two checks is a mistake."""
    found: dict[str, Check] = {}
    for checks in (theme.CHECKS for theme in THEMES):
        for ids, check in checks.items():
            assert not found.keys() & set(ids), f"judged twice: {ids}"
            found |= dict.fromkeys(ids, check)
    for ids, (cause, words) in OPEN.items():
        assert not found.keys() & set(ids), f"judged twice: {ids}"
        found |= dict.fromkeys(ids, _left_open(cause, words))
    return found


def _left_open(cause: str, words: str) -> Check:
    def check(_: Claim) -> Finding:
        return unchecked(cause, words)

    return check


CHECKS = _checks()
"""Claim id -> the function that recomputes and judges it."""


def judgements() -> pd.DataFrame:
    """One row per claim, recomputed now: what is claimed, what was found, the judgement, the ratio
    of found to claimed, the reason."""
    rows = []
    for claim_id, claim in claims().items():
        found = CHECKS[claim_id](claim)
        rows.append(
            {
                "claim_id": claim_id,
                "article_id": claim.article_id,
                "kind": claim.kind,
                "quote": claim.quote,
                "claimed": claim.values,
                "claimed_unit": claim.unit,
                "low": found.low,
                "high": found.high,
                "unit": found.unit,
                "judgement": JUDGEMENTS[found.holds],
                "ratio": found.ratio,
                "reason": found.reason,
                "cause": found.cause,
            }
        )
    return pd.DataFrame(rows)


def counts(judged: pd.DataFrame) -> pd.DataFrame:
    """Claims by article and judgement: article_id, then one column for each judgement."""
    table = pd.crosstab(judged["article_id"], judged["judgement"]).reindex(
        columns=[HOLDS, DOES_NOT, CANNOT], fill_value=0
    )
    return table.reset_index().rename_axis(columns=None)
