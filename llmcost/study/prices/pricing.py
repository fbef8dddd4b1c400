"""What a token costs on each side: today's bill, other tiers, hosts of the open model, own GPUs,
and other uses."""

import math
from dataclasses import replace
from enum import StrEnum
from typing import Any

import pandas as pd

from llmcost.inputs.api_prices import TIERS, Offer, open_model_offers, todays_offer
from llmcost.inputs.client import Gates
from llmcost.inputs.errors import InputError
from llmcost.inputs.price_list import STANDARD
from llmcost.inputs.today import Today
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import listed_parts, parts_of, usd_of
from llmcost.study.case import Case
from llmcost.study.choices.tried_frames import hosts_tried
from llmcost.study.graph import Assumed, Same, Told
from llmcost.study.judgement import Status
from llmcost.study.market.hosts import JudgedOffer, cheapest_eligible, judged_offers, may_leave
from llmcost.study.problem import WorkloadChoice
from llmcost.study.scopes import purchase_scope, request_shape, scope_of


class ModelTier(StrEnum):
    """How large and dear a closed model is."""

    FRONTIER = "frontier"
    PREMIUM = "premium"
    MINI = "mini"


CLOSED_TIERS = (
    (ModelTier.FRONTIER, "anthropic", "claude-opus-5"),
    (ModelTier.PREMIUM, "anthropic", "claude-sonnet-4-6"),
    (ModelTier.PREMIUM, "openai", "gpt-4o"),
    (ModelTier.MINI, "openai", "gpt-4.1-mini"),
    (ModelTier.MINI, "openai", "gpt-4o-mini"),
)
"""Yardsticks: well-known closed models, two of each tier where there are two."""
OPEN_TIERS = (
    ("open, 235B", "qwen3-235b-a22b"),
    ("open, 70B", "llama-3.3-70b"),
    ("open, 8B", "llama-3.1-8b"),
)
ROUTER = "huggingface_"
"""How genai-prices marks what a router says of a host."""
STAND_IN = CLOSED_TIERS[3]
"""What prices the arithmetic where nothing answers today."""


def main_choice(case: Case) -> WorkloadChoice:
    """The workload with the most tokens: the one that the arithmetic by hand follows."""
    return max(
        case.choices,
        key=lambda choice: float(scope_of(choice, case.values)("asked_mtok_per_month")),
    )


def listed_offer(case: Case, provider: str, model_id: str) -> Offer | None:
    """A closed model's price in force, or None where no list has one: a gap, never 0 USD."""
    try:
        return todays_offer(
            Today(provider=provider, model_id=model_id),
            case.client.as_of_date,
            case.client.quotes,
            "",
        )
    except InputError:
        return None


def offer_today(case: Case, choice: WorkloadChoice) -> Offer:
    """Today's offer; a mini model's where nothing answers today."""
    offer = choice.today or listed_offer(case, *STAND_IN[1:])
    assert offer is not None, "the stand-in is in the price list that the kit brings along"
    return offer


def cheapest_listed(
    case: Case, choice: WorkloadChoice, model_id: str
) -> tuple[JudgedOffer | None, bool]:
    """(cheapest offer of an open model for this workload's tokens, whether the client may use
    it)."""
    shape = request_shape(case.client, choice, case.values, 1.0, 1.0)
    offers = open_model_offers(model_id, case.client.as_of_date, case.client.quotes)

    def bill(offer: Offer) -> float:
        return same_tokens_usd_per_month(case, choice, offer)

    allowed = cheapest_eligible(judged_offers(offers, choice.workload, bill, shape))
    free = choice.workload.model_copy(update={"gates": Gates()})
    return (
        (allowed, True)
        if allowed
        else (cheapest_eligible(judged_offers(offers, free, bill, shape)), False)
    )


def same_tokens_usd_per_month(case: Case, choice: WorkloadChoice, offer: Offer) -> float:
    """Today's tokens in today's tiers at another offer, USD per month at list price."""
    return float(usd_of(listed_parts(scope_of(choice, case.values), choice, offer)))


def tiers(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """The same tokens on today's model and on each tier, dearest first: tier, label, prices,
    usd_per_month, kind, allowed.

    kind  today | closed | open. Equal token counts, today's shares of cache and tiers, list prices:
          only the price differs.
    """
    found: list[tuple[str, str, Offer | None, bool]] = []
    today = choice.today
    if today:
        found.append(("today", "today", today, True))
    leaves = may_leave(choice.workload)
    for tier, provider, model_id in CLOSED_TIERS:
        if not (today and (today.provider, today.model_id) == (provider, model_id)):
            listed = listed_offer(case, provider, model_id)
            found.append((tier, "closed", listed, leaves))
    for size, model_id in OPEN_TIERS:
        judged, allowed = cheapest_listed(case, choice, model_id)
        found.append((size, "open", judged.offer if judged else None, allowed))
    rows = [
        {
            "tier": tier,
            "label": f"{offer.model_id}, {offer.provider}",
            **_prices(offer),
            "usd_per_month": same_tokens_usd_per_month(case, choice, offer),
            "kind": kind,
            "allowed": allowed,
        }
        for tier, kind, offer, allowed in found
        if offer
    ]
    frame = pd.DataFrame(rows).sort_values("usd_per_month", ascending=False, ignore_index=True)
    return frame.assign(
        usd_per_mtok=frame["usd_per_month"]
        / float(scope_of(choice, case.values)("asked_mtok_per_month"))
    )


def _prices(offer: Offer) -> dict[str, float]:
    names = ("input_usd_per_mtok", "cached_input_usd_per_mtok", "output_usd_per_mtok")
    return {name: getattr(offer.prices, name) for name in names}


def hosts_of(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """Every offer of the chosen open model, cheapest first, with status and reason."""
    hosts = hosts_tried(case.considered)
    mine = (hosts["workload"] == choice.workload.id) & (
        hosts["model_id"] == choice.alternative.model_id
    )
    return hosts[mine].reset_index(drop=True)


def usable(hosts: pd.DataFrame) -> pd.DataFrame:
    """The offers that are eligible; where none is, those that must be asked."""
    eligible = hosts[hosts["status"] == Status.OK]
    return hosts[hosts["status"] == Status.ASK] if eligible.empty else eligible


def direct_hosts(hosts: pd.DataFrame) -> pd.DataFrame:
    """The cheapest offer of each host, cheapest first: routers and prices that another list
    supersedes are left out."""
    return hosts[hosts["direct"].astype(bool)].drop_duplicates("provider", ignore_index=True)


def cheapest_hosts(case: Case) -> pd.DataFrame:
    """One row per open model tried and tier that some host prices: the cheapest host of those that
    leave the fewest questions open.

    usd_per_month is the moved work, all of it in that tier; eligible, to ask and refused count the
    offers that have the tier.
    """
    rows: list[dict[str, Any]] = []
    for one in (one for tried in case.considered.values() for one in tried):
        for tier in (STANDARD, *TIERS):
            having = [
                judged
                for judged in one.hosts
                if tier in (STANDARD, *judged.offer.prices.tier_ratios)
            ]
            if not having and tier != STANDARD:
                continue
            priced = [
                replace(j, usd_per_month=_in_tier_usd(one.choice, case.values, j.offer, tier))
                for j in having
            ]
            host, statuses = cheapest_eligible(priced), [judged.status for judged in priced]
            rows.append(
                {
                    "model_id": one.choice.alternative.model_id,
                    "tier": tier,
                    "provider": host.offer.provider if host else None,
                    "usd_per_month": host.usd_per_month if host else None,
                    "to_ask": host.reason if host else "",
                    **{
                        f"{status}_count": statuses.count(status)
                        for status in (Status.OK, Status.ASK, Status.FAILED)
                    },
                }
            )
    return pd.DataFrame(rows)


def _in_tier_usd(choice: WorkloadChoice, values: Values, offer: Offer, tier: str) -> float:
    """The moved work at a host, all of it in one tier."""
    workload = scope_of(choice, values)
    ratio = Assumed(f"{choice.alternative_at}.token_ratio")
    cached = ("cached_input_fraction",)
    bought = purchase_scope(workload, choice, offer, Same("moved_ratio"), cached, ratio)
    about = f"all of the work in {tier}"
    shares = {
        f"{name}_share_fraction": Told(float(name == tier), "fraction", about) for name in TIERS
    }
    return float(usd_of(parts_of(bought.inside(shares), offer.prices)))


def refusals(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """Why offers of the chosen model are out or must be asked for: reason, status, offers_count,
    cheapest_usd_per_month."""
    hosts = hosts_of(case, choice)
    out = hosts[hosts["status"] != Status.OK]
    grouped = out.groupby(["reason", "status"], as_index=False).agg(
        offers_count=("provider", "size"), cheapest_usd_per_month=("usd_per_month", "min")
    )
    return grouped.sort_values(
        ["offers_count", "reason"], ascending=[False, True], ignore_index=True
    )


def list_disagreements(case: Case) -> pd.DataFrame:
    """Hosts of the open models tried whose price differs between two public lists: the price that
    is used, the other, their ratio.

    The other list is genai-prices where a dated row of ours knows the host too, or what the Hugging
    Face router says of the host.
    """
    rows = []
    for one in (one for tried in case.considered.values() for one in tried):
        used = {j.offer.provider: j.offer for j in reversed(one.hosts) if not j.offer.superseded}
        for other in (
            j.offer for j in one.hosts if j.offer.superseded or j.offer.provider.startswith(ROUTER)
        ):
            mine = used.get(other.provider.removeprefix(ROUTER))
            ratios = (
                [theirs / _prices(mine)[name] for name, theirs in _prices(other).items()]
                if mine
                else []
            )
            if mine and max(abs(ratio - 1) for ratio in ratios) > 0.01:
                rows.append((mine, other, max(ratios, key=lambda ratio: abs(math.log(ratio)))))
    columns = {
        "model_id": [mine.model_id for mine, _, _ in rows],
        "host": [mine.provider for mine, _, _ in rows],
        "used_input_usd_per_mtok": [mine.prices.input_usd_per_mtok for mine, _, _ in rows],
        "other_input_usd_per_mtok": [other.prices.input_usd_per_mtok for _, other, _ in rows],
        "used_output_usd_per_mtok": [mine.prices.output_usd_per_mtok for mine, _, _ in rows],
        "other_output_usd_per_mtok": [other.prices.output_usd_per_mtok for _, other, _ in rows],
        "other_over_used_ratio": [ratio for _, _, ratio in rows],
        "other_list": [
            "Hugging Face router" if other.provider.startswith(ROUTER) else "genai-prices"
            for _, other, _ in rows
        ],
    }
    return pd.DataFrame(columns).drop_duplicates(ignore_index=True)
