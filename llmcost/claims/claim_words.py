"""What the judgements on published claims say, in sentences and tables."""

import re
from collections.abc import Sequence

import pandas as pd

from llmcost.claims import claim
from llmcost.claims.judged_claims import CANNOT, DOES_NOT, HOLDS
from llmcost.study.wording import DASH, number, usd

SIZES = ((1e9, " B"), (1e6, " M"))
"""From which size on tokens are told in billions and millions."""


def amount(low: float | None, high: float | None, unit: str) -> str:
    """A number or a range with its unit.

    >>> amount(5.5e9, 7.6e9, "tokens/month"), amount(2.0, 2.0, "x"), amount(None, None, "")
    ('5.5–7.6 B tokens/month', '2 x', '–')
    """
    if low is None or high is None or pd.isna(low):
        return DASH
    size, name = next(((size, name) for size, name in SIZES if low >= size), (1.0, ""))
    ends = number(low / size) if low == high else f"{number(low / size)}–{number(high / size)}"
    return f"{ends}{name} {unit}".strip()


def claimed(values: str, unit: str) -> str:
    """The claimed numbers as the table writes them, large ones in words.

    >>> claimed("11e9", "tokens/month"), claimed("1.39-2.00", "$/h"), claimed("-", "-")
    ('11 B tokens/month', '1.39-2.00 $/h', '–')
    """
    if values == "-":
        return DASH
    if re.search(r"\de\d", values):
        ends = [float(end) for end in values.split("-")]
        return amount(ends[0], ends[-1], unit)
    return f"{values} {unit}".removesuffix(" -")


def lines(judged: pd.DataFrame, ids: Sequence[str] | None = None) -> pd.DataFrame:
    """The judgements as a table to show, of these claims in this order, or of all."""
    chosen = judged if ids is None else judged.set_index("claim_id", drop=False).loc[list(ids)]
    return pd.DataFrame(
        {
            "claim": chosen["claim_id"],
            "the article says": chosen["quote"],
            "claimed": [
                claimed(*said)
                for said in zip(chosen["claimed"], chosen["claimed_unit"], strict=True)
            ],
            "recomputed": [
                amount(*found)
                for found in zip(chosen["low"], chosen["high"], chosen["unit"], strict=True)
            ],
            "judgement": chosen["judgement"],
            "because": [why(row) for row in chosen.itertuples()],
        }
    )


def why(row) -> str:
    """The reason, after its cause where the claim cannot be checked."""
    return f"{row.cause}: {row.reason}" if row.cause else row.reason


def articles(judged_counts: pd.DataFrame) -> pd.DataFrame:
    """The five articles with what became of their claims."""
    sources = [claim(f"{article_id}-001").source for article_id in judged_counts["article_id"]]
    return judged_counts.assign(article=sources)[["article_id", "article", HOLDS, DOES_NOT, CANNOT]]


def headline(judged: pd.DataFrame) -> str:
    """How many hold, and which kind fails most often."""
    total = judged["judgement"].value_counts()
    checked = judged[judged["judgement"] != CANNOT]
    share = {
        kind: f"{(found == HOLDS).sum()} of {len(found)}"
        for kind, found in checked.groupby("kind")["judgement"]
    }
    return (
        f"Of {len(judged)} statements **{total[HOLDS]} hold, {total[DOES_NOT]} do not, and"
        f" {total[CANNOT]} cannot be checked** here. Of those that can be, {share['formula']}"
        f" formulas hold, {share['price']} posted prices and {share['rule']} rules. The numbers"
        f" that the authors derived are weaker: {share['result']} hold; and {share['throughput']}"
        " speeds."
    )


def gates_title(gates: pd.DataFrame) -> str:
    """How many claimed speeds pass what the chip can compute."""
    over = (gates["high"] > gates["roof"]).sum()
    most = (gates["high"] / gates["roof"]).max()
    return (
        f"{over} of {len(gates)} published speeds pass the compute roof, one by a factor of"
        f" {number(most, 2)}"
    )


def stairs_title(bills: pd.DataFrame) -> str:
    """What the fleet that carries the volume costs at its end, against the bill that is printed for
    it."""
    end = bills[bills["billion_tokens"] == bills["billion_tokens"].max()].set_index("side")[
        "usd_per_month"
    ]
    return (
        f"The GPU bill does not stay flat: at {number(bills['billion_tokens'].max())} billion"
        f" tokens it is {usd(end['fleet'])}, not {usd(end['printed'])}"
    )


def off(judged: pd.DataFrame) -> pd.DataFrame:
    """Recomputed over claimed where they differ, farthest first; a claim made twice shows once."""
    apart = judged[judged["ratio"].notna() & ((judged["ratio"] - 1).abs() > 1e-3)]
    apart = apart.drop_duplicates(["claimed", "low", "high"])
    far = apart["ratio"].map(lambda ratio: max(ratio, 1 / ratio)).sort_values(ascending=False).index
    apart = apart.loc[far]
    labels = [
        f"{row.claim_id}: {claimed(row.claimed, row.claimed_unit)}" for row in apart.itertuples()
    ]
    return apart.assign(label=labels, text=[f"{number(ratio)} times" for ratio in apart["ratio"]])[
        ["label", "ratio", "judgement", "text"]
    ]


def ratios_title(ratios: pd.DataFrame) -> str:
    """How far the failed numbers are off."""
    wrong = ratios[ratios["judgement"] == DOES_NOT]["ratio"]
    low = (wrong < 1).sum()
    return (
        f"{len(wrong)} published numbers are off by more than their digits allow; {low} of them are"
        " too high"
    )


def so_what(judged: pd.DataFrame) -> str:
    """What to take from it all."""
    row = judged.set_index("claim_id").loc
    crossing, flat = row["A1-002"], row["A2-029"]
    checked = judged[judged["judgement"] != CANNOT]
    rules, derived = (
        checked[checked["kind"] == kind]["judgement"] == HOLDS for kind in ("rule", "result")
    )
    return (
        "- Ask of every speed which tokens, which request, which precision: the two largest speeds"
        f" here pass their chip's limit ({number(1 / row['A4-021']['ratio'], 2)} and"
        f" {number(1 / row['A4-023']['ratio'], 2)} times).\n- Ask of every break-even which price"
        " per token is in it. A threshold in tokens is a price in disguise: by their own lines two"
        f" articles cross at {amount(crossing['low'], crossing['high'], 'tokens')} and"
        f" {amount(flat['low'], flat['high'], 'tokens')} a month, and print several times that.\n-"
        " A multiplier of the GPU bill is a fixed cost in disguise: on the articles' own bills it"
        f" runs from {number(row['A1-001']['low'], 2)} to {number(row['A4-035']['high'], 2)}. Add"
        f" up the lines instead.\n- Rules age better than numbers: {rules.sum()} of {len(rules)}"
        f" rules that can be checked hold, {derived.sum()} of {len(derived)} derived numbers do."
    )
