"""Formulas and what they say of idle hours: both sides evaluated."""

import math

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, day_read, said
from llmcost.claims.findings import Check, Finding, same, shown
from llmcost.model import (
    HOURS_PER_MONTH,
    SECONDS_PER_HOUR,
    TOKENS_PER_MTOK,
    break_even,
    fleet,
    split,
)
from llmcost.study.bill import api_lines
from llmcost.study.formulas import fixed_costs
from llmcost.study.wording import number, usd

HALF_BUSY = 0.5


def rent_and_rate() -> tuple[float, float]:
    """A rent (A4) and an output speed (A2, low end) to evaluate formulas with: any other pair would
    do."""
    return float(said("A4-022")[0]), float(said("A2-004")[0])


def times_dearer(utilization_fraction: float) -> float:
    """Cost of a token at this utilization over that at full load."""
    rent, rate = rent_and_rate()
    at_this, at_full = (
        fleet.gpu_usd_per_mtok(rent, rate, each) for each in (utilization_fraction, 1.0)
    )
    return float(at_this / at_full)


def rented_usd_per_month(load_replicas: float, rent: float) -> float:
    """What one rented GPU costs in a month in which it carries this load."""
    return float(
        split.split_usd_per_month(fleet.LoadDurationCurve([load_replicas]), 1, rent, 0.0)[0]
    )


def tenth(claim: Claim) -> Finding:
    """A tenth of the work for the same rent."""
    return same(claim, times_dearer(0.1), "x", "the same rent over a tenth of the tokens")


def half_the_day(claim: Claim) -> Finding:
    """Half of the hours idle."""
    busy = fleet.LoadDurationCurve([1.0, 0.0]).mean_served(1)
    return same(claim, times_dearer(float(busy)), "x", "the same rent over half of the tokens")


def idle_is_paid(claim: Claim) -> Finding:
    """An idle month of a rented GPU over a busy one."""
    rent, _ = rent_and_rate()
    ratio = rented_usd_per_month(0.0, rent) / rented_usd_per_month(1.0, rent)
    return shown(
        math.isclose(ratio, 1.0),
        ratio,
        "x",
        "an idle month costs what a busy one does; stopping the machine is not in it",
    )


def api_is_by_use(claim: Claim) -> Finding:
    """The API's bill of nothing, and of twice as much."""
    prices = facts.list_prices("openai", "gpt-4o", day_read())
    none, once, twice = (api_lines.listed_usd_per_month(prices, n, n) for n in (0.0, 1.0, 2.0))
    reason = (
        "no tokens, no bill, and twice the tokens twice the bill; commitments and rate limits are"
        " the exceptions"
    )
    return shown(none == 0 and math.isclose(twice, 2 * once), none, "USD/month", reason)


def gpu_formula(claim: Claim) -> Finding:
    """Hourly cost over the tokens of that hour, by hand and by the package."""
    rent, rate = rent_and_rate()
    by_hand = rent / (rate * SECONDS_PER_HOUR)
    found = fleet.gpu_usd_per_mtok(rent, rate, 1.0) / TOKENS_PER_MTOK
    return shown(
        math.isclose(by_hand, found),
        found,
        "USD/token",
        "both sides agree; GPUs alone, at full load, no people",
    )


def delivered_formula(claim: Claim) -> Finding:
    """A month's rent over the tokens really made."""
    rent, rate = rent_and_rate()
    by_hand = rent * HOURS_PER_MONTH / (facts.mtok_per_month(rate) * HALF_BUSY * TOKENS_PER_MTOK)
    found = fleet.gpu_usd_per_mtok(rent, rate, HALF_BUSY) / TOKENS_PER_MTOK
    return shown(
        math.isclose(by_hand, found), found, "USD/token", "both sides agree, evaluated at half load"
    )


def loaded_formula(claim: Claim) -> Finding:
    """Rent over tokens, and people over tokens."""
    rent, rate = rent_and_rate()
    mtok = facts.mtok_per_month(rate) * HALF_BUSY
    people = fixed_costs.engineers(facts.hidden("engineer_fte_rented")[1], said("A4-034")[0])
    by_hand = (rent * HOURS_PER_MONTH + people) / (mtok * TOKENS_PER_MTOK)
    found = (fleet.gpu_usd_per_mtok(rent, rate, HALF_BUSY) + people / mtok) / TOKENS_PER_MTOK
    times = by_hand / (rent * HOURS_PER_MONTH / mtok / TOKENS_PER_MTOK)
    reason = (
        "both sides agree; with a quarter of an engineer a half-full GPU's token costs"
        f" {number(times)} times its rent"
    )
    return shown(math.isclose(by_hand, found), found, "USD/token", reason)


def comparison_formula(claim: Claim) -> Finding:
    """At the break-even fill the left side equals the right one."""
    rent, rate = rent_and_rate()
    price = float(said("A2-014")[1])
    fill = split.break_even_fill(rent, price * rate * SECONDS_PER_HOUR / TOKENS_PER_MTOK)
    left = fleet.gpu_usd_per_mtok(rent, rate, fill) / TOKENS_PER_MTOK
    reason = (
        "the sides meet at the break-even fill; GPUs alone, and tokens of one kind on both sides"
    )
    return shown(math.isclose(left, price / TOKENS_PER_MTOK), left, "USD/token", reason)


def three_terms(claim: Claim) -> Finding:
    """How many of rent, utilization and people move the cost of a token."""
    rent, rate = rent_and_rate()

    def cost(rent: float, busy: float, fte: float) -> float:
        people = fixed_costs.engineers(fte, said("A4-034")[0])
        return float(
            fleet.gpu_usd_per_mtok(rent, rate, busy) + people / (facts.mtok_per_month(rate) * busy)
        )

    base = (rent, HALF_BUSY, float(said("A1-012")[0]))
    moved = [cost(*(x / 2 if i == k else x for i, x in enumerate(base))) for k in range(len(base))]
    return same(
        claim,
        sum(not math.isclose(each, cost(*base)) for each in moved),
        "terms",
        "each of the three moves the cost of a token",
    )


def one_number(claim: Claim) -> Finding:
    """How many prices a model has at an API."""
    prices = facts.list_prices("openai", "gpt-4o", day_read())
    kinds = {
        prices.input_usd_per_mtok,
        prices.cached_input_usd_per_mtok,
        prices.output_usd_per_mtok,
    }
    return same(
        claim,
        len(kinds),
        "prices",
        "GPT-4o has one for input, cached input and output; only some hosts of open models ask one",
    )


def input_is_not_output(claim: Claim) -> Finding:
    """The bill of the same tokens, written over read."""
    prices = facts.list_prices("openai", "gpt-4o", day_read())
    read, written = (api_lines.listed_usd_per_month(prices, *each) for each in ((1, 0), (0, 1)))
    ratio = float(written / read)
    return shown(
        ratio > 1,
        ratio,
        "x",
        "a written token of GPT-4o over a read one: a sum of both has no price",
    )


def fuller_is_cheaper(claim: Claim) -> Finding:
    """Cost of a token at the fill of a steady load over that of a bursty one."""
    full, bursty = facts.curve("azure_conversation_week"), facts.curve("servegen_tenant_118")
    fill, fill_of_bursty = (float(each.mean / each.peak) for each in (full, bursty))
    ratio = times_dearer(fill_of_bursty) / times_dearer(fill)
    return shown(
        ratio > 1,
        ratio,
        "x",
        "a bursty client's token over a steady service's, on a fleet for the peak",
    )


def no_single_break_even(claim: Claim) -> Finding:
    """Pieces of the break-even on a fleet that is half full."""
    rent, price = said("A2-026")[0] / said("A2-025")[0], float(said("A2-014")[1])
    capacity = facts.mtok_per_month(facts.total_rate(facts.A100, facts.LLAMA, "fp4", facts.shape()))
    found = break_even.staircase_break_even(
        price, rent, 0.0, capacity * HALF_BUSY, up_to_mtok_per_month=20 * capacity
    )
    never = break_even.staircase_break_even(
        price, rent, 0.0, capacity * HALF_BUSY**2, up_to_mtok_per_month=20 * capacity
    )
    reason = (
        f"{len(found.intervals)} separate stretches of volume when half full, {never.status} when a"
        " quarter full"
    )
    return shown(
        len(found.intervals) > 1 or found != never, len(found.intervals), "stretches", reason
    )


def totals_differ(claim: Claim) -> Finding:
    """The loaded price of a token over the one of a full GPU, on the bill of two A100s."""
    gpus, tokens = said("A2-026")[0], said("A2-023")[0] / TOKENS_PER_MTOK
    rate = facts.total_rate(facts.A100, facts.LLAMA, "fp4", facts.shape())
    full = fleet.gpu_usd_per_mtok(gpus / said("A2-025")[0] / HOURS_PER_MONTH, rate, 1.0)
    people = fixed_costs.engineers(facts.hidden("engineer_fte_rented")[1], said("A4-034")[0])
    reason = (
        f"{usd((gpus + people) / tokens)} per Mtok on two A100s at 1 B tokens a month, {usd(full)}"
        " if always full and free of people"
    )
    return shown((gpus + people) / tokens > full, (gpus + people) / tokens / full, "x", reason)


CHECKS: dict[tuple[str, ...], Check] = {
    ("A0-001",): three_terms,
    ("A0-002",): one_number,
    ("A0-003", "A1-009", "A3-003", "A4-057"): idle_is_paid,
    ("A0-004", "A2-007", "A2-008"): tenth,
    ("A0-019",): loaded_formula,
    ("A1-028", "A3-025"): totals_differ,
    ("A2-003",): comparison_formula,
    ("A2-048",): fuller_is_cheaper,
    ("A2-050", "A3-001", "A3-002", "A3-004", "A4-008", "A4-032"): api_is_by_use,
    ("A3-005",): no_single_break_even,
    ("A3-006", "A4-001"): gpu_formula,
    ("A3-007",): half_the_day,
    ("A3-020",): input_is_not_output,
    ("A3-023",): delivered_formula,
}
