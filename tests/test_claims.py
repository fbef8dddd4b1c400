"""Published claims: every one is judged, by functions that would judge otherwise if they gave
another number."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llmcost import claims
from llmcost.claims import claim_table, findings, judged_claims, loads
from llmcost.model import break_even, fleet, overhead, serverless, split, throughput
from llmcost.study.bill import api_lines
from llmcost.study.formulas import fixed_costs

ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
CLAIMS = claims.claims()
JUDGED = claims.judgements().set_index("claim_id", drop=False)
DERIVED = {"result", "throughput", "formula"}
COMPARED = [
    claim_id
    for claim_id, row in JUDGED.iterrows()
    if row["ratio"] == row["ratio"] and row["kind"] != "formula"
]


def verdict(claim_id, **other):
    """The judgement of a claim, or of one that says something else."""
    return claims.CHECKS[claim_id](replace(CLAIMS[claim_id], **other)).holds


def test_every_claim_has_one_judgement_and_a_reason():
    assert set(claims.CHECKS) == set(CLAIMS) == set(JUDGED.index)
    assert len(CLAIMS) == 198
    assert set(JUDGED["judgement"]) == {
        judged_claims.HOLDS,
        judged_claims.DOES_NOT,
        judged_claims.CANNOT,
    }
    for row in JUDGED.itertuples():
        assert row.reason and len(row.reason) <= 150 and "nan" not in row.reason.split(), row
        assert (row.cause in findings.CAUSES) == (row.judgement == judged_claims.CANNOT), row


def test_every_derived_number_is_recomputed():
    derived = JUDGED[JUDGED["kind"].isin(DERIVED)]
    assert derived["low"].notna().all() and derived["high"].notna().all()
    assert set(derived[derived["judgement"] == judged_claims.CANNOT]["cause"]) <= {
        findings.NO_INPUTS,
        findings.NO_ROW,
    }
    assert (derived["unit"] != "").all()
    assert (derived["low"] <= derived["high"]).all()


def test_what_an_article_says_twice_is_judged_once():
    same = JUDGED.drop(columns=["claim_id", "quote", "reason"]).groupby(
        ["article_id", "kind", "claimed", "claimed_unit"]
    )
    for (_, kind, claimed, _), group in same:
        if kind in DERIVED | {"price"} and claimed != "-":
            assert group["judgement"].nunique() == 1, list(group.index)


@pytest.mark.parametrize("claim_id", COMPARED)
def test_a_number_a_thousand_times_as_large_does_not_hold(claim_id):
    said = CLAIMS[claim_id].values
    larger = re.sub(
        claim_table.NUMBER, lambda match: f"{1000 * float(match[0]):.12g}".replace("e+", "e"), said
    )
    assert verdict(claim_id, values=larger) is False


@pytest.mark.parametrize(
    ("claim_id", "values"),
    [
        ("A1-003", "362e6"),  # 11e9 / 30.4 days
        ("A2-024", "590-900"),  # 1,000 Mtok at 0.59 and 0.90
        ("A4-005", "20.8"),  # 2.50 / 0.12
        ("A4-025", "0.0076"),  # 1.91 / (70,000 * 3,600) * 1e6
        ("A1-001", "1.6-2.2"),  # 1 + 3,000 / 5,175 and 1 + 6,000 / 5,175
        ("A1-002", "5.5e9-7.6e9"),  # (5,175 + 3,000 to 6,000) / 1.48
        ("A4-021", "10000"),  # under 312e12 / (2 * 14.77e9)
    ],
)
def test_what_does_not_hold_would_with_the_right_number(claim_id, values):
    assert verdict(claim_id) is False
    assert verdict(claim_id, values=values) is True


FACTOR = 8.0
MOVED = {
    (throughput, "compute_roof_tokens_per_second"): {"A4-021", "A4-023"},
    (throughput, "weights_gb"): {"A1-019"},
    (throughput, "output_tokens_per_second"): {"A2-005"},
    (fleet, "replicas_for_peak"): {"A1-008", "A2-025"},
    (api_lines, "listed_usd_per_month"): {"A2-002", "A2-032", "A2-052"},
    (overhead, "implied_multiplier"): {"A2-040"},
    (fixed_costs, "engineers"): {"A1-013", "A4-041"},
    (overhead, "energy_usd_per_month"): {"A1-014"},
    (overhead, "capital_usd_per_month"): {"A4-016"},
    (split, "break_even_fill"): {"A2-028", "A0-009"},
}
"""A function of the model that gives `FACTOR` times its number -> claims that are then judged
otherwise."""


@pytest.mark.parametrize(("module", "name"), MOVED)
def test_another_number_from_the_model_changes_the_judgement(module, name, monkeypatch):
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **kwargs: FACTOR * real(*args, **kwargs))
    for claim_id in MOVED[module, name]:
        assert (
            verdict(claim_id)
            != {judged_claims.HOLDS: True, judged_claims.DOES_NOT: False}[
                JUDGED["judgement"][claim_id]
            ]
        ), claim_id


def test_structures_of_the_model_change_the_judgement_too(monkeypatch):
    never = break_even.BreakEven("not reached", (), 1e6)
    monkeypatch.setattr(break_even, "staircase_break_even", lambda *args, **kwargs: never)
    assert verdict("A2-035") is False and verdict("A3-005") is False
    monkeypatch.setattr(
        serverless, "awake_fraction", lambda rate, service, timeout: 1.0 + 0 * np.asarray(timeout)
    )
    assert verdict("A0-016") is False
    monkeypatch.setattr(split, "owned_slices", lambda curve, *args: 0.0 * curve.mean + 1)
    assert verdict("A3-031") is False
    monkeypatch.setattr(throughput, "fitting_concurrency", lambda *args: 1)
    assert verdict("A2-012") is False
    monkeypatch.setattr(fleet, "gpu_usd_per_mtok", lambda rent, speed, busy: rent / speed)
    assert verdict("A0-004") is False and verdict("A3-007") is False and verdict("A3-006") is False


def test_the_best_split_saves_the_square_on_a_linear_load():
    fills, _ = loads.hybrid(np.array([0.25, 0.64]))
    assert fills == pytest.approx([0.5, 0.2], abs=0.01)  # 1 - sqrt(saving)


@pytest.mark.parametrize(
    ("values", "quote", "found", "holds"),
    [
        ("2880", "it is 2880", 2884, True),  # 2,880 is given to ten
        ("2880", "it is 2880", 2890, False),
        ("2880", "roughly 2880", 3100, True),
        ("2880", "roughly 2880", 3200, False),
        ("3-5", "3 to 5", 4, True),
        ("3-5", "3 to 5", 2.5, False),
        ("600-1040", "from 600 to 1040", (590, 900), False),
        ("600-1040", "from 600 to 1040", (590, 1042), True),
        ("0.027", "it costs 0.027", 0.0274, True),
        ("0.027", "it costs 0.027", 0.0276, False),
    ],
)
def test_the_rule_of_tolerance(values, quote, found, holds):
    claim = replace(CLAIMS["A4-025"], values=values, quote=quote)
    assert findings.same(claim, found, "", "").holds is holds


def test_a_range_that_inputs_leave_is_enough():
    claim = replace(CLAIMS["A4-025"], values="4200", quote="4200")
    assert (
        findings.allowed(claim, (3811, 5019), "", "").holds
        and not findings.allowed(claim, (5019, 6000), "", "").holds
    )
    assert findings.allowed(claim, (3811, 5019), "", "").ratio == 1
    assert findings.allowed(claim, (8400, 9000), "", "").ratio == pytest.approx(2)


def test_the_readme_counts_what_is_judged():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    total = JUDGED["judgement"].value_counts()
    words = (
        f"Of {len(CLAIMS)} statements {total[judged_claims.HOLDS]} hold, {total[judged_claims.DOES_NOT]} do not,"
        f" {total[judged_claims.CANNOT]} cannot be checked"
    )
    assert words in " ".join(readme.split())
    assert claims.counts(JUDGED)[
        [judged_claims.HOLDS, judged_claims.DOES_NOT, judged_claims.CANNOT]
    ].to_numpy().sum() == len(CLAIMS)


@pytest.fixture
def originals():
    path = SHARED / "data" / "published_claims.csv"
    if not path.exists():
        pytest.skip("the articles' claims are not beside this checkout")
    with path.open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_the_table_restates_every_claim_with_its_value(originals):
    assert set(originals) == set(CLAIMS)
    for claim_id, row in originals.items():
        assert (row["values"], row["unit"], row["kind"]) == (
            CLAIMS[claim_id].values,
            CLAIMS[claim_id].unit,
            CLAIMS[claim_id].kind,
        )


def test_quotes_are_short_and_the_articles_own_words(originals):
    articles = {row["article"][:3]: row["article"] for row in originals.values()}
    for claim in CLAIMS.values():
        assert len(claim.quote) <= 82, claim
        text = (
            (SHARED / "articles" / articles[f"00{claim.article_id[1]}"])
            .read_text(encoding="utf-8")
            .replace("\n", " ")
        )
        assert all(piece in text for piece in claim.quote.split(" [...] ")), claim
