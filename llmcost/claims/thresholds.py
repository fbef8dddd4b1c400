"""Costs per token and thresholds of the TCO article (A4), and when own GPUs can win at all."""

from dataclasses import replace

import numpy as np

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, day_read, said
from llmcost.claims.facts import A100, LLAMA, QWEN, SMALLEST
from llmcost.claims.findings import Check, Finding, allowed, same, shown
from llmcost.model import HOURS_PER_MONTH, TOKENS_PER_MTOK, break_even, fleet
from llmcost.study.formulas import fixed_costs
from llmcost.study.wording import number, percent, usd

OPEN_MODELS = (SMALLEST, QWEN, LLAMA)


def a100_usd_per_mtok() -> float:
    """Rent over speed as the article gives both."""
    return float(fleet.gpu_usd_per_mtok(said("A4-022")[0], said("A4-021")[0], 1.0))


def full_load(claim: Claim) -> Finding:
    """Its A100's rent over its speed."""
    rate = facts.total_rate(A100, QWEN, "bf16", facts.shape())
    honest = fleet.gpu_usd_per_mtok(said("A4-022")[0], rate, 1.0)
    return same(
        claim,
        a100_usd_per_mtok(),
        "USD/Mtok",
        f"its own rent over its own speed; at a speed the card has, {usd(honest)}",
    )


def per_thousand(claim: Claim) -> Finding:
    """The same per thousand tokens."""
    per_mtok = said(claim.claim_id)[0] * 1_000
    needed = said("A4-022")[0] / (per_mtok * 3_600) * TOKENS_PER_MTOK
    reason = (
        f"the claim is {usd(per_mtok)} per Mtok: its A100 would make {number(needed)} tokens/s, not"
        f" the {number(said('A4-021')[0])} it says"
    )
    return same(claim, a100_usd_per_mtok() / 1_000, "USD/1k", reason)


def per_thousand_at_tenth(claim: Claim) -> Finding:
    """The price and the factor at a tenth of the load."""
    tenth = float(fleet.gpu_usd_per_mtok(said("A4-022")[0], said("A4-021")[0], 0.1))
    factor = same(claim, tenth / a100_usd_per_mtok(), "x", "", part=1)
    price = same(claim, tenth / 1_000, "USD/1k", "the factor is right, the price is not")
    return replace(price, holds=bool(factor.holds and price.holds))


def own_lines_usd() -> np.ndarray:
    """A month of its A100 with a fifth to a third of its engineer (A1's share, for it gives
    none)."""
    return said("A4-022")[0] * HOURS_PER_MONTH + fixed_costs.engineers(
        said("A1-012"), said("A4-034")[0]
    )


def api_spend(claim: Claim) -> Finding:
    """The own bill that the API spend must exceed."""
    return allowed(
        claim,
        own_lines_usd(),
        "USD/month",
        "its A100 for a month with 20 to 30 % of its engineer; one GPU, no spare",
    )


def tokens_for_the_spend(claim: Claim) -> Finding:
    """The spend over the article's own API prices."""
    spend, mini = said("A4-041")[0], (said("A4-003", 1)[0], said("A4-003", 0)[0])
    found = spend / np.array(mini) * TOKENS_PER_MTOK
    dear, cheap = spend / said("A4-002", 1)[0] / 1e3, spend / said("A4-004")[0] / 1e3
    price = spend / said(claim.claim_id)[0] * TOKENS_PER_MTOK
    reason = (
        f"only at {usd(price)} per Mtok, a mix of GPT-4o mini; {number(dear)} B for GPT-4o's"
        f" output, {number(cheap)} B at DeepInfra"
    )
    return allowed(claim, found, "tokens/month", reason)


def moves_both_ways(claim: Claim) -> Finding:
    """The crossing without people, with them, and on a half-empty fleet."""
    price, gpus = (
        said("A4-041")[0] / (said("A4-042")[0] / TOKENS_PER_MTOK),
        said("A4-022")[0] * HOURS_PER_MONTH,
    )
    people = float(own_lines_usd().mean() - gpus)
    capacity = facts.mtok_per_month(facts.total_rate(A100, QWEN, "bf16", facts.shape()))

    def crossing(fixed: float, busy: float) -> float:
        found = break_even.staircase_break_even(
            price, gpus, fixed, capacity * busy, up_to_mtok_per_month=1e5
        )
        return (found.first_mtok_per_month or np.inf) * TOKENS_PER_MTOK

    team, none, idle = crossing(people, 1.0), crossing(0.0, 1.0), crossing(people, 0.5)
    reason = (
        f"without people, and with them; on a fleet half full {number(idle / 1e9)} B"
        if np.isfinite(idle)
        else "half full, never"
    )
    return shown(none < team <= idle, [none, team], "tokens/month", reason)


def fixed_against_variable(claim: Claim) -> Finding:
    """The crossing of a fixed bill twice as large."""
    price = said("A4-041")[0] / (said("A4-042")[0] / TOKENS_PER_MTOK)
    once, twice = (
        break_even.staircase_break_even(price, own, 0.0, 1e6).first_mtok_per_month or np.inf
        for own in said("A4-041")[0] * np.array([1, 2])
    )
    return shown(
        once < twice,
        twice / once,
        "x",
        "twice the fixed bill crosses at this many times the volume",
    )


def can_beat(claim: Claim) -> Finding:
    """The lowest fill at which any of three open models on a rented GPU meets its cheapest host."""
    found = {model_id: facts.lowest_fill(model_id) for model_id in OPEN_MODELS}
    words = ", ".join(f"{model_id} {number(fill)}" for model_id, fill in found.items())
    return shown(
        min(found.values()) < 1,
        list(found.values()),
        "fill",
        f"break-even fill against the cheapest host, GPUs alone: {words}",
    )


def cheapest_is_a_host(claim: Claim) -> Finding:
    """The fill that own GPUs need against the cheapest host, beside the fill that public clients
    have."""
    found = [facts.lowest_fill(model_id) for model_id in OPEN_MODELS]
    clients = facts.presets()
    short = (
        clients[clients["fill"] < min(found)]["clients_count"].sum()
        / clients["clients_count"].sum()
    )
    reason = (
        f"own GPUs must be this full on three open models; {percent(short)} of public clients are"
        " in sizes whose median is not"
    )
    return shown(short > 0.5, found, "fill", reason)


def both_conditions(claim: Claim) -> Finding:
    """Whether an idle fleet alone, and people alone, each sink a fleet that would win."""
    price, gpus = said("A2-014")[1], said("A2-009")[1] * HOURS_PER_MONTH
    capacity = facts.mtok_per_month(facts.total_rate(A100, LLAMA, "fp4", facts.shape()))
    people = fixed_costs.engineers(facts.hidden("engineer_fte_rented")[1], said("A4-034")[0])
    full, idle = price * capacity - gpus, price * capacity * 0.1 - gpus
    sunk = sum([idle < 0, full - people < 0])
    return same(
        claim,
        sunk if full > 0 else 0,
        "conditions",
        f"a full A100 saves {usd(full)} a month against a dear host; a tenth full, or with people,"
        " it loses",
    )


def small_models(claim: Claim) -> Finding:
    """The fill that 8B and 14B models need against their cheapest hosts."""
    found = [facts.lowest_fill(model_id) for model_id in (SMALLEST, QWEN)]
    return shown(
        min(found) < 1,
        found,
        "fill",
        f"own GPUs win from {percent(min(found))} full on, people aside: high and stable indeed",
    )


def under_half(claim: Claim) -> Finding:
    """Break-even fills of three open models against their cheapest hosts."""
    found = np.array([facts.lowest_fill(model_id) for model_id in OPEN_MODELS])
    dearest = max(
        (offer.prices for offer in facts.offers(LLAMA, day_read())), key=facts.mixed_usd_per_mtok
    )
    dear = facts.break_even_fill(LLAMA, A100, "fp4", dearest)
    reason = (
        "no one threshold: below this fill the cheapest hosts of three open models win, people"
        " aside; "
    )
    reason += f"Llama 70B's dearest host, below {percent(dear)}"
    return shown(found.min() > said(claim.claim_id)[0] / 100, found, "fill", reason)


def four_factors(claim: Claim) -> Finding:
    """Factors that move the crossing: fill, price of the tier, people; and rules that leave nothing
    to compare."""
    price, capacity = (
        said("A2-014")[1],
        facts.mtok_per_month(facts.total_rate(A100, LLAMA, "fp4", facts.shape())),
    )

    def crossing(price: float, busy: float, people: float) -> tuple[tuple[float, float], ...]:
        own = said("A2-026")[0] / said("A2-025")[0]
        return break_even.staircase_break_even(
            price, own, people, capacity * busy, up_to_mtok_per_month=1e5
        ).intervals

    base = crossing(price, 1.0, 0.0)
    moved = [
        crossing(price, 0.5, 0.0),
        crossing(2 * price, 1.0, 0.0),
        crossing(price, 1.0, said("A1-013")[0]),
    ]
    found = sum(each != base for each in moved) + 1
    return same(
        claim,
        found,
        "factors",
        "fill, tier and people each move the break-even; a rule that forbids the API removes it",
    )


CHECKS: dict[tuple[str, ...], Check] = {
    ("A0-009",): can_beat,
    ("A0-015",): cheapest_is_a_host,
    ("A0-021",): both_conditions,
    ("A4-025",): full_load,
    ("A4-030",): per_thousand,
    ("A4-031",): per_thousand_at_tenth,
    ("A4-041", "A4-047"): api_spend,
    ("A4-042",): tokens_for_the_spend,
    ("A4-043",): moves_both_ways,
    ("A4-044",): fixed_against_variable,
    ("A4-048",): small_models,
    ("A4-051",): under_half,
    ("A4-055",): four_factors,
}
