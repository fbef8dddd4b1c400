"""A token's cost on both sides with all that belongs to it, other uses of it, what moves it, and
the prices behind it with their age."""

import datetime as dt
from enum import StrEnum

import numpy as np
import pandas as pd

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.catalog import in_force
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.throughput import request_seconds
from llmcost.model.types import Request
from llmcost.study.bill.api_lines import (
    listed_parts,
    listed_usd_per_month,
    open_api_usd_per_month,
    tuned_usd_per_month,
    usd_of,
)
from llmcost.study.bill.fleet_lines import fixed_lines
from llmcost.study.bill.options import OWN
from llmcost.study.bill.serverless_lines import serverless_usd_per_month
from llmcost.study.capacity.serving_plans import serving_plans
from llmcost.study.case import Case
from llmcost.study.choices.supplies import promised
from llmcost.study.fleets.labels import gpu_name, own_label
from llmcost.study.fleets.unit_costs import always_on_option, replica_usd_per_hour, unit_costs
from llmcost.study.loads.load import RETRIES
from llmcost.study.market.gpu_offers import Term
from llmcost.study.prices.pricing import cheapest_listed, hosts_of, offer_today, usable
from llmcost.study.problem import Option, WorkloadChoice
from llmcost.study.scopes import TIERS, client_scope, scope_of


class Step(StrEnum):
    """What belongs to a token's cost, one thing after the other."""

    ALWAYS_FULL = "always full"
    AT_LOAD = "at your load"
    WITH_PEOPLE = "with people"


OWN_WAY = "own"
"""The way of a request that GPUs of one's own serve, whatever option they belong to."""


def ladder(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """USD per million tokens (of the model that makes them) by way and step: way, label, step,
    usd_per_mtok.

    A price per token knows no idle hours, so it has no step "always full"; its people are those
    that even an API needs.
    """
    values, mtok = case.values, float(scope_of(choice, case.values)("moved_mtok_per_month"))
    people = (
        float(client_scope(values)("api_people")) / len(case.choices)
        if choice.today or choice.host
        else 0.0
    )
    ways: list[tuple[Option, str, tuple[float | None, ...]]] = []
    if choice.today:
        usd = float(tuned_usd_per_month(choice, values, case.invoice_multiplier))
        tokens = float(scope_of(choice, values)("asked_mtok_per_month"))
        steps = (None, usd / tokens, (usd + people) / tokens)
        ways.append((Option.TODAY, f"{choice.today.model_id}, tuned", steps))
    if choice.host:
        usd = float(open_api_usd_per_month(choice, values))
        steps = (None, usd / mtok, (usd + people) / mtok)
        ways.append((Option.OPEN_API, f"{choice.alternative.model_id} by API", steps))
    for option in OWN:
        if option in choice.supplies and option in case.totals:
            label = own_label(case, [choice], option)
            ways.append((Option(option), label, _own_steps(case, choice, option)))
    rows = [
        (way, label, step, usd)
        for way, label, steps in ways
        for step, usd in zip(Step, steps, strict=True)
        if usd is not None
    ]
    return pd.DataFrame(rows, columns=["way", "label", "step", "usd_per_mtok"])


def _own_steps(case: Case, choice: WorkloadChoice, option: str) -> tuple[float | None, ...]:
    if option == Option.SERVERLESS:
        return _serverless_steps(case, choice)
    costs = unit_costs(case, choice, option)
    return costs["full"], costs["at_load"], costs["with_people"]


def _serverless_steps(case: Case, choice: WorkloadChoice) -> tuple[float, float, float]:
    """Serverless is billed awake, not around the clock: at the load its own simulation counts, not
    a fleet."""
    mtok, supply = (
        float(scope_of(choice, case.values)("moved_mtok_per_month")),
        choice.supplies[Option.SERVERLESS],
    )
    full = supply.offer.hourly_usd * supply.plan.gpus_count * HOURS_PER_MONTH * supply.curve.mean
    awake = float(serverless_usd_per_month(choice, supply, case.values))
    fixed = float(
        sum(fixed_lines(Option.SERVERLESS, case.values, case.decision.horizon_months).values())
    ) / len(case.choices)
    return float(full / mtok), awake / mtok, (awake + fixed) / mtok


def open_offer(case: Case, choice: WorkloadChoice) -> tuple[Offer | None, bool]:
    """(offer of the chosen open model: the eligible host's, else the cheapest listed; whether the
    client may use it)."""
    if choice.host:
        return choice.host.offer, True
    judged, allowed = cheapest_listed(case, choice, choice.alternative.model_id)
    return (judged.offer if judged else None), allowed


def use_cases(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """1,000 requests of each common use on each side: use_case, way, label,
    usd_per_thousand_requests, tokens and confidence.

    way  today (a mini model's price where nothing answers today) | open_api | own (a replica that
         is always full: the lower bound)
    """
    today, (host, allowed) = offer_today(case, choice), open_offer(case, choice)
    stand_in = "" if choice.today else " (stand-in)"
    sides: list[tuple[str, Offer, str]] = [(Option.TODAY, today, f"{today.model_id}{stand_in}")]
    if host:
        refused = "" if allowed else " (not allowed)"
        sides.append((Option.OPEN_API, host, f"{host.model_id} by API{refused}"))
    rows = []
    for use in in_force("use_cases", case.client.as_of_date).itertuples():
        about = (use.input_tokens, use.output_tokens, use.cached_input_fraction, use.confidence)
        tokens = (use.input_tokens / TOKENS_PER_MTOK, use.output_tokens / TOKENS_PER_MTOK)
        for way, offer, label in sides:
            usd = 1000 * float(
                listed_usd_per_month(offer.prices, *tokens, use.cached_input_fraction)
            )
            rows.append((use.use_case, way, label, usd, *about))
        own = own_usd_per_request(
            case,
            choice,
            use.input_tokens * (1 - use.cached_input_fraction),
            use.input_tokens * use.cached_input_fraction,
            use.output_tokens,
        )
        if own is not None:
            rows.append((use.use_case, OWN_WAY, "own GPUs, always full", 1000 * own, *about))
    columns = [
        "use_case",
        "way",
        "label",
        "usd_per_thousand_requests",
        "input_tokens",
        "output_tokens",
        "cached_input_fraction",
    ]
    return pd.DataFrame(rows, columns=[*columns, "confidence"])


def own_usd_per_request(
    case: Case,
    choice: WorkloadChoice,
    fresh_input_tokens: float,
    cached_input_tokens: float,
    output_tokens: float,
) -> float | None:
    """USD of one request on a replica that is busy all the time, at the plan's GPUs; None where the
    plan cannot serve this shape."""
    option = always_on_option(case)
    if option is None:
        return None
    plan, request = (
        choice.supplies[option].plan,
        Request(fresh_input_tokens, output_tokens, cached_input_tokens),
    )
    plans = serving_plans(
        plan.model_id,
        [plan.gpu_id],
        case.client.as_of_date,
        promised(request, choice.workload),
        case.measured,
    )
    same = next(
        (
            p.replica
            for p in plans
            if (p.gpus_count, p.precision) == (plan.gpus_count, plan.precision)
        ),
        None,
    )
    if same is None:
        return None
    seconds = float(request_seconds(same, fresh_input_tokens, output_tokens)) / float(
        case.values["hidden_costs.safe_share_fraction"]
    )
    return replica_usd_per_hour(case, choice, option) / SECONDS_PER_HOUR * seconds


def ten_percent_more(case: Case, choice: WorkloadChoice, offer: Offer) -> pd.DataFrame:
    """What a tenth more of each quantity does to the bill at list prices: quantity, usd_per_month
    (difference), share_fraction.

    A class or tier that the offer does not price apart is left out.
    """

    def bill(path: str = "", times: float = 1.0, points: float = 0.0) -> float:
        """With the input at a path times a factor, or points higher."""
        moved = (
            {path: min(case.values.get(path, 0.0) * times + points, 1.0 if points else np.inf)}
            if path
            else {}
        )
        return float(
            usd_of(listed_parts(scope_of(choice, {**case.values, **moved}), choice, offer))
        )

    now, at = bill(), choice.at
    moved = {
        "input tokens, 10 % more": bill(f"{at}.load.input_mtok_per_month", times=1.1),
        "output tokens, 10 % more": bill(f"{at}.load.output_mtok_per_month", times=1.1),
        "share of input from the cache, 10 points more": bill(
            f"{at}.cached_input_fraction", points=0.1
        ),
        "billed retries, 10 points more": bill(f"{at}.load.{RETRIES}", points=0.1),
    }
    if offer.prices.cache_write_usd_per_mtok is not None:
        moved["share of input written to the cache, 10 points more"] = bill(
            f"{at}.cache_write_input_fraction", points=0.1
        )
    if offer.prices.long_context_tokens is not None:
        moved["share of tokens in long requests, 10 points more"] = bill(
            f"{at}.long_context_fraction", points=0.1
        )
    for tier, share in TIERS.items():
        if tier in offer.prices.tier_ratios:
            moved[f"share of work in the {tier} tier, 10 points more"] = bill(
                f"{at}.{share}", points=0.1
            )
    rows = [(name, usd - now, (usd - now) / now) for name, usd in moved.items()]
    return pd.DataFrame(rows, columns=["quantity", "usd_per_month", "share_fraction"])


def prices_used(case: Case) -> pd.DataFrame:
    """Every price behind the answer: what, who, price (text), source, date, age_days (on the
    study's own day), confidence."""
    rows = []
    for choice in case.choices:
        api = [
            ("today's model", choice.today),
            ("the open model by API", choice.host.offer if choice.host else None),
        ]
        for what, offer in ((what, offer) for what, offer in api if offer):
            price = (
                f"{offer.prices.input_usd_per_mtok:g} in, {offer.prices.output_usd_per_mtok:g} out,"
                " USD per Mtok"
            )
            rows.append(
                (
                    what,
                    f"{offer.model_id}, {offer.provider}",
                    price,
                    offer.source,
                    offer.date,
                    offer.confidence,
                )
            )
        for option, supply in choice.supplies.items():
            gpu = supply.offer
            price = f"{gpu.listed_usd:,g} USD" + (
                " a GPU" if gpu.term is Term.OWNED else " per GPU-hour"
            )
            name = f"{gpu_name(gpu.gpu_id)}, {gpu.provider}"
            rows.append((f"{option} GPUs", name, price, gpu.source, gpu.date, gpu.confidence))
    frame = pd.DataFrame(
        rows, columns=["what", "who", "price", "source", "date", "confidence"]
    ).drop_duplicates(ignore_index=True)
    days = [
        (case.client.as_of_date - dt.date.fromisoformat(date)).days if date else None
        for date in frame["date"]
    ]
    return frame.assign(age_days=pd.Series(days, dtype=float))


def levers(case: Case, choice: WorkloadChoice) -> pd.DataFrame:
    """By what factor each step changes the price of a token, largest first: lever, ratio,
    from_usd_per_mtok, to_usd_per_mtok.

    What cannot be compared here (nothing answers today, no host, no own GPUs) is left out.
    """
    steps = ladder(case, choice).set_index(["way", "step"])["usd_per_mtok"]
    own = always_on_option(case)
    hosts = hosts_of(case, choice)
    eligible = usable(hosts)["usd_per_month"] / float(
        scope_of(choice, case.values)("moved_mtok_per_month")
    )
    pairs = []
    if choice.today and choice.host:
        pairs.append(
            (
                "the model: today's against the open one by API",
                steps[Option.TODAY, Step.AT_LOAD],
                steps[Option.OPEN_API, Step.AT_LOAD],
            )
        )
    if len(eligible) > 1:
        pairs.append(
            (
                "the host: the dearest that may be used or asked against the cheapest",
                eligible.max(),
                eligible.min(),
            )
        )
    if own:
        pairs.append(
            (
                f"idle hours of {own} GPUs: at your load against always full",
                steps[own, Step.AT_LOAD],
                steps[own, Step.ALWAYS_FULL],
            )
        )
        pairs.append(
            (
                f"people around {own} GPUs: with them against without",
                steps[own, Step.WITH_PEOPLE],
                steps[own, Step.AT_LOAD],
            )
        )
    frame = pd.DataFrame(pairs, columns=["lever", "from_usd_per_mtok", "to_usd_per_mtok"])
    frame["ratio"] = frame["from_usd_per_mtok"] / frame["to_usd_per_mtok"]
    return frame[frame["ratio"] > 1.005].sort_values("ratio", ascending=False, ignore_index=True)
