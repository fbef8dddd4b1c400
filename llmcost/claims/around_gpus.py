"""What stands around the GPU: people, refreshes, electricity, and the three-to-five rule that they
make."""

import numpy as np

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, day_read, said
from llmcost.claims.findings import (
    GUESSED,
    NO_INPUTS,
    OWN_ROW,
    Check,
    Finding,
    allowed,
    same,
    shown,
    unchecked,
)
from llmcost.inputs import catalog
from llmcost.model import HOURS_PER_MONTH, MONTHS_PER_YEAR, overhead
from llmcost.study.formulas import fixed_costs
from llmcost.study.wording import number, usd, usd_range

WEEKS_PER_MONTH = facts.DAYS_PER_MONTH / 7


def engineers() -> np.ndarray:
    """[low, typical, high] USD a month of the engineers that a rented fleet takes."""
    usd_per_year = facts.hidden("engineer_usd_per_year")
    return np.asarray(fixed_costs.engineers(facts.hidden("engineer_fte_rented"), usd_per_year))


def refreshes() -> np.ndarray:
    """[low, typical, high] USD a month of newer models."""
    usd = facts.hidden("refresh_usd")
    return np.asarray(fixed_costs.model_refreshes(facts.hidden("refreshes_per_year"), usd))


def around() -> np.ndarray:
    """[low, typical, high] USD a month of people, refreshes, on-call and monitoring on a rented
    fleet."""
    return (
        engineers()
        + refreshes()
        + facts.hidden("on_call_usd_per_month")
        + facts.hidden("observability_usd_per_month")
    )


def rule_range(around_usd: float) -> str:
    """GPU bills for which the three-to-five rule is true, by 1 + E/G."""
    low, high = said("A2-040")
    return usd_range(around_usd / (high - 1), around_usd / (low - 1))


def multiplier_of_own_lines(claim: Claim) -> Finding:
    """The article's own GPU bill with its own engineer, over the GPU bill."""
    gpus = said("A1-006")[0]
    found = overhead.implied_multiplier(gpus + said("A1-013"), gpus)
    low, high = (rule_range(engineer) for engineer in said("A1-013"))
    reason = (
        f"its {usd(gpus)} of GPUs with its own engineer; the rule needs GPU bills of {low} or, with"
        f" the dearer one, {high}"
    )
    return same(claim, found, "x", reason)


def multiplier_of_two_a100(claim: Claim) -> Finding:
    """The article's GPU bill with the catalog's people, refreshes, on-call and monitoring, over the
    GPU bill."""
    gpus, low_to_high = said("A2-026")[0], around()
    found = np.asarray(overhead.implied_multiplier(gpus + low_to_high, gpus))
    reason = (
        f"on {usd(gpus)} of GPUs, people bottom-up; from {number(found[0])} to {number(found[2])}"
        " as they go from low to high"
    )
    return same(claim, found[1], "x", reason)


def multiplier_of_its_rents(claim: Claim) -> Finding:
    """The catalog's people around one GPU at each of the article's rents."""
    gpus = (
        np.array([said(i)[0] for i in ("A4-018", "A4-022", "A4-024", "A4-019")]) * HOURS_PER_MONTH
    )
    found = overhead.implied_multiplier(gpus + around()[1], gpus)
    reason = (
        "one GPU at each of its rents: a fixed cost in disguise, true for GPU bills of"
        f" {rule_range(around()[1])} a month only"
    )
    return same(claim, found, "x", reason)


def not_audited(claim: Claim) -> Finding:
    """The multiplier of a small and of a ten times larger GPU bill."""
    gpus = said("A2-026")[0] * np.array([10.0, 1.0])
    found = np.asarray(overhead.implied_multiplier(gpus + around()[1], gpus))
    return shown(
        found[0] < said("A2-040")[0],
        found,
        "x",
        "same people around ten times the GPUs, and around the article's two",
    )


def floor(claim: Claim) -> Finding:
    """The lowest multiplier that the catalog's lows allow."""
    gpus = said("A2-026")[0]
    found = overhead.implied_multiplier(gpus + around()[0], gpus)
    return shown(bool(found > 1), found, "x", "every other line at its low still adds")


def senior_share(claim: Claim) -> Finding:
    """A fifth to a third of an engineer at the dated salaries."""
    low, _, high = facts.hidden("engineer_usd_per_year")
    found = fixed_costs.engineers(said("A1-012"), np.array([low, high]))
    implied = said(claim.claim_id) * MONTHS_PER_YEAR / said("A1-012")
    reason = (
        f"means {usd_range(*implied)} a year, where another article says {usd(said('A4-034')[0])}"
        f" and the dated row ends at {usd(high)}"
    )
    return allowed(claim, found, "USD/month", reason)


def electricity(claim: Claim) -> Finding:
    """A month of a high-end card: an RTX 4090 in a cheap place to an H100 in a dear one."""
    boards = catalog.in_force("gpu_hardware", day_read()).set_index("gpu_id")["board_power_watts"]
    power = boards.loc[["rtx-4090", facts.H100]].to_numpy()
    items = [
        facts.hidden(item)
        for item in ("load_power_fraction", "pue_ratio", "electricity_usd_per_kwh")
    ]
    found = overhead.energy_usd_per_month(power, *(item[[0, 2]] for item in items))
    typical = np.asarray(overhead.energy_usd_per_month(power, *(item[1] for item in items)))
    return allowed(
        claim,
        found,
        "USD/month",
        f"RTX 4090 at low load and price, to H100 at high; typically {usd_range(*typical)}, cards"
        " alone",
    )


def is_a_line(item: str) -> Check:
    """A check that a cost which an article names is a line of the bill, and what it is."""

    def check(claim: Claim) -> Finding:
        found = {
            "engineers": engineers,
            "refreshes": refreshes,
            "on call": lambda: facts.hidden("on_call_usd_per_month"),
            "all": around,
        }[item]()
        return shown(
            found[1] > 0,
            found,
            "USD/month",
            f"typically {usd(found[1])} a month on a rented fleet, of dated rows and guesses",
        )

    return check


def zero_burden(claim: Claim) -> Finding:
    """The people that an API takes."""
    usd_per_year = facts.hidden("engineer_usd_per_year")
    found = np.asarray(fixed_costs.engineers(facts.hidden("api_fte"), usd_per_year))
    return unchecked(
        GUESSED,
        f"keys, limits, price and model changes take time too: about {usd(found[1])} a month by our"
        " guess",
        found,
        "USD/month",
    )


def loaded_salary(claim: Claim) -> Finding:
    """The salary that the other article's share and dollars imply."""
    implied = said("A1-013") * MONTHS_PER_YEAR / said("A1-012")
    return unchecked(
        OWN_ROW,
        "the dated row leans on this article; another article's engineer implies this",
        implied,
        "USD/year",
    )


def six_weeks(claim: Claim) -> Finding:
    """Full-time engineers that the dollars pay for six weeks."""
    one = fixed_costs.engineers(1.0, said("A4-034")[0]) * 6 / WEEKS_PER_MONTH
    return unchecked(
        NO_INPUTS,
        "full-time engineers for six weeks at that article's salary; it gives no headcount",
        said(claim.claim_id)[0] / one,
        "FTE",
    )


def refresh_effort(claim: Claim) -> Finding:
    """Months of one engineer in a refresh."""
    months = said(claim.claim_id)[0] / fixed_costs.engineers(1.0, said("A4-034")[0])
    return unchecked(
        NO_INPUTS,
        "months of one engineer at that article's salary; it gives no effort",
        months,
        "months",
    )


def adds_overhead(claim: Claim) -> Finding:
    """Loaded over bare, on the bill of two A100s."""
    gpus = said("A2-026")[0]
    found = overhead.implied_multiplier(gpus + around()[1], gpus)
    return shown(
        bool(found > 1),
        found,
        "x",
        f"on {usd(gpus)} of GPUs the people, refreshes and tools are typically {usd(around()[1])}",
    )


CHECKS: dict[tuple[str, ...], Check] = {
    ("A0-007", "A3-008"): is_a_line("engineers"),
    ("A1-001",): multiplier_of_own_lines,
    ("A1-013",): senior_share,
    ("A1-014",): electricity,
    ("A2-040",): multiplier_of_two_a100,
    ("A2-041",): not_audited,
    ("A2-042",): floor,
    ("A3-009",): is_a_line("on call"),
    ("A3-011",): is_a_line("refreshes"),
    ("A3-024",): adds_overhead,
    ("A3-029",): zero_burden,
    ("A4-034",): loaded_salary,
    ("A4-035",): multiplier_of_its_rents,
    ("A4-037",): six_weeks,
    ("A4-039",): refresh_effort,
}
