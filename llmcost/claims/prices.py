"""Posted prices against the dated rows and the price list, and ratios of prices.

A price of an API without a word on which tokens holds when some mix of input and output pays it.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, claim as claim_of, day_read, said
from llmcost.claims.facts import A100, H100, LLAMA, QWEN, SMALLEST
from llmcost.claims.findings import NO_ROW, OWN_ROW, Check, Finding, allowed, same, shown, unchecked
from llmcost.inputs import catalog
from llmcost.model import HOURS_PER_MONTH, overhead
from llmcost.model.types import TokenPrices
from llmcost.study.bill import api_lines
from llmcost.study.wording import number, usd, usd_range

MID_TIER = (
    "l4-24gb",
    "a10g-24gb",
    "l40s-48gb",
    "a40-48gb",
    "a100-40gb-sxm",
    "a100-80gb-pcie",
    "a100-80gb-sxm",
)
PREMIUM = (("openai", "gpt-4o"), ("openai", "gpt-4.1"), ("anthropic", "claude-sonnet-4-5"))


def rent(gpu_ids: tuple[str, ...], provider: str = "", widened: bool = False) -> Check:
    """A check of a posted GPU rent against dated cloud rows near the article's day.

    widened  the claim gives whole dollars with cents unknown, as "1.x"
    """

    def check(claim: Claim) -> Finding:
        found = facts.rents(gpu_ids, claim.day, provider)
        if not len(found):
            return unchecked(NO_ROW, "no dated rent of this card at this provider")
        reason = (
            f"{len(found)} dated on-demand rows{' at ' + provider if provider else ''}:"
            f" {usd_range(found.min(), found.max())} an hour"
        )
        if widened:
            least = float(said(claim.claim_id)[0])
            return shown(
                bool(np.any((least <= found) & (found < least + 1))), found, "USD/h", reason
            )
        return allowed(claim, found, "USD/h", reason)

    return check


def no_provider_row(claim: Claim) -> Finding:
    """A rent at a provider of which the catalog has no row, beside those of others."""
    found = facts.rents((H100,), claim.day, "hyperbolic")
    others = facts.rents((H100,), claim.day)
    if len(found):
        return allowed(claim, found, "USD/h", "dated rows of that provider")
    return unchecked(
        NO_ROW, "no dated rent of that provider; the others' range is shown", others, "USD/h"
    )


def four_mid_tier(claim: Claim) -> Finding:
    """A month of four mid-tier GPUs at the dated rents."""
    found = said("A1-008")[0] * facts.rents(MID_TIER, claim.day) * HOURS_PER_MONTH
    each = said(claim.claim_id)[0] / said("A1-008")[0] / HOURS_PER_MONTH
    return allowed(
        claim, found, "USD/month", f"{usd(each)} an hour each, inside what L4 to A100 rent for"
    )


def cheaper_terms(claim: Claim) -> Finding:
    """Committed and spot rents over on-demand, same provider, region, card and size; guesses left
    out."""
    rows = catalog.in_force("gpu_rental", day_read())
    rows = rows[rows["confidence"] != "guess"]
    key = ["provider", "region", "gpu_id", "market", "gpus_count"]
    pairs = rows[rows["term"] != "on_demand"].merge(rows[rows["term"] == "on_demand"], on=key)
    ratio = (pairs["gpu_usd_per_hour_x"] / pairs["gpu_usd_per_hour_y"]).to_numpy()
    return shown(
        np.median(ratio) < 1,
        ratio,
        "x on-demand",
        f"median {number(np.median(ratio))} over {len(ratio)} pairs of dated rows",
    )


def host_price(hosts: tuple[str, ...]) -> Check:
    """A check of what named hosts ask for Llama 70B."""

    def check(claim: Claim) -> Finding:
        prices = [offer.prices for offer in facts.offers(LLAMA, claim.day, hosts)]
        if not prices:
            return unchecked(NO_ROW, "no dated price of this host")
        return of_mixes(claim, prices)

    return check


def of_mixes(claim: Claim, prices: Sequence[TokenPrices]) -> Finding:
    """The claim against every mix of input and output at these prices."""
    read = [each.input_usd_per_mtok for each in prices]
    written = [each.output_usd_per_mtok for each in prices]
    reason = (
        f"listed: input {usd_range(min(read), max(read))}, output"
        f" {usd_range(min(written), max(written))} per Mtok"
    )
    return allowed(claim, [min(read), max(written)], "USD/Mtok", reason)


def deepseek(claim: Claim) -> Finding:
    """DeepSeek's two models on its own API."""
    return of_mixes(
        claim,
        [
            facts.list_prices("deepseek", name, claim.day)
            for name in ("deepseek-chat", "deepseek-reasoner")
        ],
    )


def premium(claim: Claim) -> Finding:
    """A chat at three frontier models."""
    found = [facts.mixed_usd_per_mtok(facts.list_prices(*which, claim.day)) for which in PREMIUM]
    return allowed(
        claim,
        found,
        "USD/Mtok",
        "a chat's mix of input and output at GPT-4o, GPT-4.1 and Claude Sonnet 4.5",
    )


def listed(provider: str, model_id: str) -> Check:
    """A check of an input and an output price against the list."""

    def check(claim: Claim) -> Finding:
        prices = facts.list_prices(provider, model_id, claim.day)
        output = same(claim, prices.output_usd_per_mtok, "USD/Mtok", "", 1)
        found = same(
            claim,
            prices.input_usd_per_mtok,
            "USD/Mtok",
            "as in the dated list: input, output",
            0,
            bool(output.holds),
        )
        return replace(found, high=output.high)

    return check


def small_hosted(claim: Claim) -> Finding:
    """A month of that day's tokens at every listed host of models up to 14B."""
    ids = (SMALLEST, "mistral-7b", "qwen3-8b", QWEN)
    prices = [offer.prices for model_id in ids for offer in facts.offers(model_id, claim.day)]
    mtok = said("A1-004")[0] / 1e6 * facts.DAYS_PER_MONTH
    found = [
        mtok * min(p.input_usd_per_mtok for p in prices),
        mtok * max(p.output_usd_per_mtok for p in prices),
    ]
    each = said(claim.claim_id)[0] / mtok
    reason = (
        f"{usd(each)} per Mtok; no listed host of a model up to 14B asks more than"
        f" {usd(found[1] / mtok)}, even for output"
    )
    return allowed(claim, found, "USD/month", reason)


def tier_spread(claim: Claim) -> Finding:
    """GPT-4o over the cheap host, input over input."""
    found = said("A4-002", 0)[0] / said("A4-004")[0]
    across = said("A4-002", 1)[0] / said("A4-004")[0]
    return same(
        claim,
        found,
        "x",
        f"{number(across)} divides an output price by an input price; input over input is this",
    )


def right_tier(claim: Claim) -> Finding:
    """GPT-4o over GPT-4o mini, for a chat."""
    large, small = (
        api_lines.listed_usd_per_month(
            TokenPrices(said(i, 0)[0], said(i, 0)[0], said(i, 1)[0]), *facts.shape()
        )
        for i in ("A4-002", "A4-003")
    )
    reason = "GPT-4o over GPT-4o mini at any mix of input and output"
    return (
        same(claim, large / small, "x", reason)
        if claim.parts
        else shown(bool(large > small), large / small, "x", reason)
    )


def rent_spread(claim: Claim) -> Finding:
    """The dearest quoted H100 over the cheapest."""
    nvl, sxm = (facts.rents((gpu_id,), claim.day, "azure") for gpu_id in ("h100-94gb-nvl", H100))
    reason = (
        f"of the two prices given; but the dated {usd(nvl.min())} at Azure is an H100 NVL, an SXM"
        f" costs {usd(sxm.min())} there"
    )
    return same(claim, said("A4-019")[0] / said("A4-018")[0], "x", reason)


def prices_move(claim: Claim) -> Finding:
    """Prices of Llama 70B at the same host, today over the day of the June article."""
    then = {
        o.host_model + o.provider: facts.mixed_usd_per_mtok(o.prices)
        for o in facts.offers(LLAMA, claim_of("A2-014").day)
    }
    now = {
        o.host_model + o.provider: facts.mixed_usd_per_mtok(o.prices)
        for o in facts.offers(LLAMA, day_read())
    }
    ratio = np.array([now[host] / then[host] for host in then.keys() & now.keys()])
    moved = int((np.abs(ratio - 1) > 1e-9).sum())
    reason = f"{moved} of {len(ratio)} offers of Llama 70B changed within half a year, by this much"
    return shown(moved > 0, ratio[np.abs(ratio - 1) > 1e-9] if moved else 1.0, "x", reason)


def purchase(gpu_id: str, condition: str) -> Check:
    """A check of a price to buy a card."""

    def check(claim: Claim) -> Finding:
        row = (
            catalog.in_force("gpu_purchase", day_read())
            .set_index(["gpu_id", "condition"])
            .loc[(gpu_id, condition)]
        )
        found = [row["purchase_low_usd"], row["purchase_high_usd"]]
        if facts.restated(row["source"], claim):
            return unchecked(OWN_ROW, "the catalog's row leans on this article", found, "USD")
        return allowed(claim, found, "USD", f"a new card by the dated row: {usd_range(*found)}")

    return check


def depreciation(claim: Claim) -> Finding:
    """Two H100 spread over their months, nothing left at the end."""
    capex = 2 * said("A4-014")
    found = overhead.capital_usd_per_month(capex, 0.0, said("A4-017")[0], 0.0)
    interest = overhead.capital_usd_per_month(
        capex, 0.0, said("A4-017")[0], facts.hidden("discount_fraction_per_year")[1]
    )
    return same(
        claim,
        found,
        "USD/month",
        f"without interest and resale; with interest {usd_range(*interest)}",
    )


HOSTS = ("groq", "together", "fireworks")
CHECKS: dict[tuple[str, ...], Check] = {
    ("A1-005",): small_hosted,
    ("A1-006",): four_mid_tier,
    ("A2-001",): rent((A100, "a100-80gb-pcie"), "runpod", widened=True),
    ("A2-002", "A2-034"): premium,
    ("A2-009", "A2-018"): rent((A100, "a100-80gb-pcie"), "runpod"),
    ("A2-010", "A2-019"): rent((H100,), "runpod"),
    ("A2-011", "A2-017"): rent(("rtx-4090",), "runpod"),
    ("A2-013",): cheaper_terms,
    ("A2-014", "A2-022", "A2-056"): host_price(HOSTS),
    ("A2-015", "A2-020", "A4-004"): host_price(("deepinfra",)),
    ("A2-016", "A2-021"): deepseek,
    ("A3-021",): prices_move,
    ("A4-002",): listed("openai", "gpt-4o"),
    ("A4-003",): listed("openai", "gpt-4o-mini"),
    ("A4-005",): tier_spread,
    ("A4-006", "A4-007"): right_tier,
    ("A4-010", "A4-011"): purchase("rtx-5090", "new"),
    ("A4-013",): purchase("rtx-4090", "used"),
    ("A4-014",): purchase(H100, "used"),
    ("A4-015",): purchase(H100, "new"),
    ("A4-016",): depreciation,
    ("A4-018",): no_provider_row,
    ("A4-019",): rent((H100, "h100-94gb-nvl"), "azure"),
    ("A4-020",): rent_spread,
    ("A4-022",): rent((A100, "a100-80gb-pcie")),
    ("A4-024",): rent((H100,)),
}
