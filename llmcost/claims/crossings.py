"""Bills at a volume, and the volume at which own GPUs cross an API, from the lines that an article
prints itself."""

from dataclasses import replace

import numpy as np
import pandas as pd

from llmcost.claims import facts
from llmcost.claims.claim_table import Claim, said
from llmcost.claims.facts import A100, LLAMA
from llmcost.claims.findings import Check, Finding, allowed, same, shown
from llmcost.model import HOURS_PER_MONTH, TOKENS_PER_MTOK, break_even, split
from llmcost.study.bill import api_lines
from llmcost.study.formulas import fixed_costs
from llmcost.study.wording import number, percent, usd, usd_range

FAR_MTOK = 1e6


def flat_bill(usd_per_mtok: np.ndarray, mtok: float) -> np.ndarray:
    """USD of a volume at one price for every token."""
    return np.array(
        [
            api_lines.listed_usd_per_month(facts.flat(price), mtok, 0.0)
            for price in np.atleast_1d(usd_per_mtok)
        ]
    )


def first_crossing_tokens(api_usd_per_mtok: float, own_usd: float) -> float:
    """Tokens a month at which a flat own bill meets the API, the GPUs taken to carry them: what the
    article computes with."""
    found = break_even.staircase_break_even(
        api_usd_per_mtok, own_usd, 0.0, FAR_MTOK, up_to_mtok_per_month=FAR_MTOK
    )
    return (found.first_mtok_per_month or float("inf")) * TOKENS_PER_MTOK


def small_api_usd_per_mtok() -> float:
    """USD per million tokens of the small hosted model (A1)."""
    return float(said("A1-005")[0] / (said("A1-004")[0] / TOKENS_PER_MTOK * facts.DAYS_PER_MONTH))


def eleven_billion(claim: Claim) -> Finding:
    """Where the four GPUs with their engineer meet the API, by the article's own lines."""
    price, gpus = small_api_usd_per_mtok(), said("A1-006")[0]
    bare = first_crossing_tokens(price, gpus)
    found = [first_crossing_tokens(price, gpus + engineer) for engineer in said("A1-013")]
    rule = said("A1-001") * bare / 1e9
    reason = f"{number(bare / 1e9)} B by its GPU line, this with its engineer; "
    reason += f"only its own rule of thumb gives {number(rule[0])} to {number(rule[1])} B"
    return same(claim, found, "tokens/month", reason)


def per_day(claim: Claim) -> Finding:
    """The monthly volume of the same sentence, per day."""
    return same(
        claim,
        said("A1-002") / facts.DAYS_PER_MONTH,
        "tokens/day",
        "the volume of the same sentence over the days of a month",
    )


def twice_as_much(claim: Claim) -> Finding:
    """The four GPUs over the API."""
    found = split.break_even_fill(said("A1-006")[0], said("A1-005")[0])
    return shown(
        found > said(claim.claim_id)[0],
        found,
        "x",
        "its GPU bill over its API bill: not even a full fleet would win",
    )


def hundreds_of_millions(claim: Claim) -> Finding:
    """Where its lines cross, per day."""
    price, gpus = small_api_usd_per_mtok(), said("A1-006")[0]
    found = (
        np.array([first_crossing_tokens(price, gpus + e) for e in (0.0, said("A1-013")[1])])
        / facts.DAYS_PER_MONTH
    )
    return allowed(
        claim, found, "tokens/day", "its GPUs alone, to its GPUs with its dearest engineer"
    )


def billion_by_api(claim: Claim) -> Finding:
    """A billion tokens at the article's prices."""
    found = flat_bill(said("A2-014"), said("A2-023")[0] / TOKENS_PER_MTOK)
    high = said(claim.claim_id)[-1] / said("A2-023")[0] * TOKENS_PER_MTOK
    return same(
        claim,
        found,
        "USD/month",
        f"its own table says this; the high end would take {usd(high)} per Mtok",
    )


def two_around_the_clock(claim: Claim) -> Finding:
    """Two A100s at the article's rents."""
    found = said("A2-025")[0] * said("A2-009") * HOURS_PER_MONTH
    each = said(claim.claim_id)[0] / said("A2-025")[0] / HOURS_PER_MONTH
    return allowed(claim, found, "USD/month", f"inside its own rents: {usd(each)} an hour each")


def api_and_gpus(claim: Claim) -> Finding:
    """A volume at the article's API prices, against its two A100s: the API side, where both figures
    are right."""
    mtok = (
        {"A2-031": 0.1, "A2-037": 0.1}.get(claim.claim_id, 1.0)
        * said("A2-023")[0]
        / TOKENS_PER_MTOK
    )
    api, gpus = (
        flat_bill(said("A2-014"), mtok),
        said("A2-025")[0] * said("A2-009") * HOURS_PER_MONTH,
    )
    whole = len(said(claim.claim_id)) > 1
    found = (same if whole else allowed)(
        claim, api, "USD/month", "the API's side; the GPUs' side follows from its rents"
    )
    gpus_hold = allowed(claim, gpus, "", "", part=1).holds if len(claim.parts) > 1 else True
    return replace(found, holds=bool(found.holds and gpus_hold))


def loses_by(claim: Claim) -> Finding:
    """GPUs over API at a billion tokens."""
    found = split.break_even_fill(said("A2-026")[0], said("A2-027")[0])
    return same(claim, found, "x", "its own two bills, before anybody is paid")


def most_of_two_a100() -> float:
    """Tokens a month, read and written, that two A100s can make of a 70B model with any request of
    the catalog, never idle."""
    rates = [facts.total_rate(A100, LLAMA, "fp4", request) for request in facts.shapes()]
    return 2 * facts.mtok_per_month(max(rates)) * TOKENS_PER_MTOK


def ten_to_fifty_billion(claim: Claim) -> Finding:
    """Where the two A100s meet the article's API prices, and what they can carry."""
    found = [first_crossing_tokens(price, said("A2-026")[0]) for price in said("A2-014")[::-1]]
    most = most_of_two_a100()
    reason = (
        f"its bill of GPUs meets its prices here; the same hardware carries {number(most / 1e9)} B"
        " at most, never idle"
    )
    verdict = allowed(claim, found, "tokens/month", reason)
    return replace(verdict, holds=bool(verdict.holds) and most >= said(claim.claim_id)[0])


def stays_flat(claim: Claim) -> Finding:
    """A100s for ten billion tokens, never idle."""
    needed = np.ceil(said("A2-029")[0] / most_of_two_a100() * said("A2-025")[0])
    return shown(
        needed <= said("A2-025")[0],
        needed,
        "GPUs",
        "A100s for 10 B tokens, never idle: it is flat within a step, not beyond",
    )


def ten_billion_row(claim: Claim) -> Finding:
    """What the A100s for ten billion tokens cost."""
    each = said("A2-026")[0] / said("A2-025")[0]
    slow, fast = (
        f(facts.total_rate(A100, LLAMA, "fp4", request) for request in facts.shapes())
        for f in (min, max)
    )
    needed = np.ceil(
        said("A2-029")[0]
        / TOKENS_PER_MTOK
        / np.array([facts.mtok_per_month(rate) for rate in (fast, slow)])
    )
    rate = said("A2-029")[0] / TOKENS_PER_MTOK / facts.mtok_per_month(1.0) / said("A2-025")[0]
    reason = (
        f"two would have to make {number(rate)} tokens/s each, all month; a 70B model gives"
        f" {number(slow)} to {number(fast)}"
    )
    return same(claim, needed * each, "USD/month", reason, part=1)


def against_premium(claim: Claim) -> Finding:
    """Where the two A100s meet a premium tier, as the article prices both."""
    found = [first_crossing_tokens(price, said("A2-026")[0]) for price in said("A2-034")[::-1]]
    return allowed(
        claim,
        found,
        "tokens/month",
        "its two A100s over its own premium prices; GPUs only, and the models are taken as equal",
    )


def tenth_of_the_volume(claim: Claim) -> Finding:
    """Crossing against a premium tier over crossing against cheap hosts: the prices the other way
    round."""
    found = np.divide.outer(said("A2-014"), said("A2-034"))
    return allowed(claim, found, "ratio", "cheap price over premium price, from its own ranges")


def sooner(claim: Claim) -> Finding:
    """The same ratio of volumes, as a statement."""
    found = np.divide.outer(said("A2-014"), said("A2-034"))
    return shown(
        found.max() < 1,
        found,
        "ratio",
        "volume to cross a premium tier over volume to cross a cheap host",
    )


def needed_fill(claim: Claim) -> Finding:
    """The fill at which its A100 meets its API prices, on chats."""
    prices = [facts.flat(price) for price in said("A2-014")[::-1]]
    found = [facts.break_even_fill(LLAMA, A100, "fp4", each) for each in prices]
    return shown(
        min(found) < 1,
        found,
        "fill",
        f"a fleet must be {percent(found[0])} to {percent(found[1])} full to meet them",
    )


def under_a_billion(claim: Claim) -> Finding:
    """Where the cheapest single A100, no spare, meets the dearest of its cheap hosts."""
    found = first_crossing_tokens(said("A2-014")[1], said("A2-009")[0] * HOURS_PER_MONTH)
    holds = found >= said(claim.claim_id)[0]
    return shown(
        holds,
        found,
        "tokens/month",
        "one A100 at its lowest rent, no spare, against its dearest host: even that needs more",
    )


def struggles(claim: Claim) -> Finding:
    """A full A100's token over the cheapest host's."""
    found = facts.break_even_fill(LLAMA, A100, "fp4", facts.cheapest(LLAMA))
    dear = facts.break_even_fill(LLAMA, A100, "fp4", facts.flat(said("A2-014")[1]))
    reason = (
        "a full A100 over the cheapest host, on chats; over its dearest host it would win from"
        f" {percent(dear)} full on"
    )
    return shown(found > 1, found, "x", reason)


def cheaper_than_budget(claim: Claim) -> Finding:
    """A full A100's token of a 14B model against every listed host of it."""
    rate = facts.total_rate(A100, facts.QWEN, "bf16", facts.shape())
    own = said("A4-022")[0] / (facts.mtok_per_month(rate) / HOURS_PER_MONTH)
    hosts = np.array(
        [facts.mixed_usd_per_mtok(offer.prices) for offer in facts.offers(facts.QWEN, claim.day)]
    )
    reason = (
        f"a full A100 at an honest speed makes a 14B model's chat tokens for {usd(own)} per Mtok:"
        " under this share of its hosts"
    )
    return shown((hosts > own).mean() > 0.5, (hosts > own).mean(), "share of hosts", reason)


def engineer_outweighs(claim: Claim) -> Finding:
    """Tokens a month until the saving of a full GPU pays a share of an engineer."""
    own = facts.runpod_rent(A100) / (
        facts.mtok_per_month(facts.total_rate(A100, LLAMA, "fp4", facts.shape())) / HOURS_PER_MONTH
    )
    people = fixed_costs.engineers(
        facts.hidden("engineer_fte_rented")[1], facts.hidden("engineer_usd_per_year")[1]
    )
    found = people / (said("A2-014") - own) * TOKENS_PER_MTOK
    reason = (
        f"until then {usd(people)} of engineer is more than a full A100 saves on Llama 70B at"
        f" {usd_range(*said('A2-014'))}"
    )
    return shown(found.min() > 0, found, "tokens/month", reason)


def bills_by_volume() -> pd.DataFrame:
    """The worked example (A2) up to ten billion tokens a month: its API prices, its fixed bill, and
    A100s that carry chats, never idle.

    billion_tokens, usd_per_month, way, side (api | printed | fleet)
    """
    each = float(said("A2-026")[0] / said("A2-025")[0])
    capacity = facts.mtok_per_month(facts.total_rate(A100, LLAMA, "fp4", facts.shape()))
    end = said("A2-029")[0] / TOKENS_PER_MTOK
    mtok = np.append(np.arange(0.0, end, capacity), end)  # where a step ends
    ways = {(f"API at {usd(price)}", "api"): mtok * price for price in said("A2-014")}
    ways["as printed", "printed"] = np.full(mtok.size, said("A2-026")[0])
    ways["A100s that carry it", "fleet"] = each * np.maximum(1.0, np.ceil(mtok / capacity))
    frames = [
        pd.DataFrame(
            {"billion_tokens": mtok / 1e3, "usd_per_month": usd_, "way": way, "side": side}
        )
        for (way, side), usd_ in ways.items()
    ]
    return pd.concat(frames, ignore_index=True)


CHECKS: dict[tuple[str, ...], Check] = {
    ("A1-002", "A1-010"): eleven_billion,
    ("A1-003",): per_day,
    ("A1-007",): twice_as_much,
    ("A1-023",): hundreds_of_millions,
    ("A2-024",): billion_by_api,
    ("A2-026",): two_around_the_clock,
    ("A2-027", "A2-031", "A2-032", "A2-037", "A2-038"): api_and_gpus,
    ("A2-028",): loses_by,
    ("A2-029", "A2-053", "A2-058"): ten_to_fifty_billion,
    ("A2-030",): stays_flat,
    ("A2-033",): ten_billion_row,
    ("A2-035", "A2-059"): against_premium,
    ("A2-036",): tenth_of_the_volume,
    ("A2-039",): needed_fill,
    ("A2-051",): under_a_billion,
    ("A2-052",): struggles,
    ("A2-055",): sooner,
    ("A3-012",): engineer_outweighs,
    ("A4-026",): cheaper_than_budget,
}
