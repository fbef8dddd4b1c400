"""Every serving plan at every way to get its GPUs, priced for one workload and one open model; the
cheapest make the options."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from llmcost.inputs.client import Client, Workload
from llmcost.model import HOURS_PER_MONTH
from llmcost.model.types import WEIGHT_BYTES
from llmcost.study.assumptions import Values
from llmcost.study.bill.api_lines import open_api_usd_per_month
from llmcost.study.bill.fleet_lines import amounts, fleet_nodes, fleet_of, replica_lines
from llmcost.study.bill.hybrid_lines import pool_bills
from llmcost.study.bill.pools import Pool
from llmcost.study.bill.serverless_lines import serverless_scope
from llmcost.study.capacity.serving_plans import ServingPlan
from llmcost.study.choices.stack import Stack, kind, stacked
from llmcost.study.choices.supplies import replica_load, supply_assumptions
from llmcost.study.formulas.serverless_costs import serverless_gpus
from llmcost.study.judgement import Judged, Reason, ReasonKind, Status
from llmcost.study.market.gpu_offers import GpuOffer, Term
from llmcost.study.market.hosts import may_leave
from llmcost.study.problem import Option, Supply, WorkloadChoice
from llmcost.study.scopes import scope_of, supply_scope
from llmcost.study.ties import TIE_RATIO, cheapest, cheapest_first

MAY_BE_TAKEN_AWAY = Reason(
    Status.ASK,
    ReasonKind.RULE,
    "spot: may be taken away at any time, and neither can the work wait nor does an API stand"
    " behind it",
)


@dataclass(frozen=True)
class Candidate(Judged):
    """A plan at an offer for one option, with the bill of its GPUs (of a hybrid
    with the API's overflow), or the reason why it is out (of every option where there is none).

    replicas_count, paid_replicas  up in the busiest hour, and the mean of those paid for
    margin_ratio  of a hybrid: fill of the first slice over the fill that it needs; above 1 it is
                  worth owning
    """

    option: Option | None
    plan: ServingPlan
    reasons: tuple[Reason, ...]
    offer: GpuOffer | None = None
    supply: Supply | None = None
    replicas_count: float | None = None
    paid_replicas: float | None = None
    usd_per_month: float | None = None
    margin_ratio: float = 0.0

    @property
    def questions_count(self) -> int:
        """How many things have to be asked about the plan and its offer."""
        offer_count = self.offer.questions_count if self.offer else 0
        return self.plan.questions_count + offer_count


def candidates(
    client: Client,
    choice: WorkloadChoice,
    plans: Iterable[ServingPlan],
    offers: Iterable[GpuOffer],
    values: Values,
) -> list[Candidate]:
    """All candidates for one open model, cheapest first within each option, infeasible ones with
    their reason."""
    by_gpu: dict[str, list[GpuOffer]] = {}
    for offer in offers:
        by_gpu.setdefault(offer.gpu_id, []).append(offer)
    work = scope_of(choice, values)
    found: list[Candidate] = []
    supplies: list[Supply] = []
    for plan in plans:
        if reasons := _refusals(plan, choice.workload, by_gpu):
            found.append(Candidate(None, plan, reasons))
            continue
        best_offers = _cheapest_offers(plan, by_gpu[plan.gpu_id])
        load = replica_load(plan, work, choice)
        for offer in best_offers:
            if offer.status is Status.FAILED:
                gated = Reason(Status.GATED, ReasonKind.RULE, offer.reason)
                found.append(Candidate(_option(offer), plan, (gated,), offer))
                continue
            is_serverless = offer.term is Term.SERVERLESS
            warm = client.own_capacity.warm_replicas_count if is_serverless else 0
            supplies.append(Supply(plan, offer, load, _by_the_hour(plan, offer, best_offers), warm))
    found += _priced(client, choice, supplies, values)
    by_name = sorted(found, key=lambda c: c.plan.name)
    rising = cheapest_first(by_name, lambda c: c.usd_per_month or 0.0)
    return sorted(rising, key=lambda c: (c.option or "", c.status is not Status.OK))


def _refusals(plan: ServingPlan, workload: Workload, offered: Container[str]) -> tuple[Reason, ...]:
    """Why no offer can make a plan good; nothing where one can."""
    if plan.replica is None:
        return plan.reasons
    lowest = workload.gates.lowest_precision
    if lowest and WEIGHT_BYTES[plan.precision] < WEIGHT_BYTES[lowest]:
        words = f"{plan.precision.upper()} is coarser than the {lowest.upper()} that is asked for"
        return (Reason(Status.GATED, ReasonKind.RULE, words),)
    if plan.gpu_id not in offered:
        words = "nobody in the catalog offers this GPU"
        return (Reason(Status.INFEASIBLE, ReasonKind.PRICE, words),)
    return ()


def _option(offer: GpuOffer) -> Option:
    by_term = {Term.OWNED: Option.OWNED, Term.SERVERLESS: Option.SERVERLESS}
    return by_term.get(offer.term, Option.RENTED)


def cheapest_supplies(found: Iterable[Candidate]) -> Mapping[str, Supply]:
    """For each option the supply of its cheapest candidate; what is certain beats what must be
    asked."""
    by_option: dict[str, list[Candidate]] = {}
    for candidate in found:
        if candidate.option and candidate.supply:
            by_option.setdefault(candidate.option, []).append(candidate)
    best = {option: cheapest_candidate(tried) for option, tried in by_option.items()}
    return {option: candidate.supply for option, candidate in best.items() if candidate.supply}


def cheapest_candidate(tried: Sequence[Candidate]) -> Candidate:
    """The one about which least must be asked, then the cheapest.

    Of equal bills it is the split that is nearest to owning something, then the first.
    """
    fewest_count = min(candidate.questions_count for candidate in tried)
    certain = [candidate for candidate in tried if candidate.questions_count == fewest_count]
    least = cheapest(certain, _bill)
    tied = [c for c in certain if _bill(c) <= _bill(least) * (1 + TIE_RATIO)]
    return cheapest(tied, lambda candidate: -candidate.margin_ratio)


def _bill(candidate: Candidate) -> float:
    return candidate.usd_per_month or 0.0


def _cheapest_offers(plan: ServingPlan, offers: Iterable[GpuOffer]) -> list[GpuOffer]:
    """Of each term, and of machines that a replica fills or shares, the cheapest offer that may be
    used, else the cheapest refused."""
    kinds: dict[tuple[Term, bool], list[GpuOffer]] = {}
    for offer in offers:
        kinds.setdefault((offer.term, offer.filled_by(plan.gpus_count)), []).append(offer)
    return [_cheapest_offer(tried) for tried in kinds.values()]


def _cheapest_offer(tried: Sequence[GpuOffer]) -> GpuOffer:
    """The cheapest about which least must be asked, of those that may be used where there are
    any."""

    def asked(offer: GpuOffer) -> tuple[bool, int]:
        return offer.status is Status.FAILED, offer.questions_count

    least = min(map(asked, tried))
    return cheapest((offer for offer in tried if asked(offer) == least), lambda o: o.listed_usd)


def _by_the_hour(plan: ServingPlan, offer: GpuOffer, offers: Iterable[GpuOffer]) -> GpuOffer | None:
    """The on-demand offer of single replicas that goes with an offer: it asks no more questions
    than the offer itself does."""
    found = [
        other
        for other in offers
        if other.term is Term.ON_DEMAND
        and other.filled_by(plan.gpus_count)
        and other.status.rank <= offer.status.rank
    ]
    return cheapest(found, lambda other: other.hourly_usd) if found else None


def _priced(
    client: Client, choice: WorkloadChoice, supplies: Sequence[Supply], values: Values
) -> list[Candidate]:
    """The candidates that supplies make, in their order; those of one kind are priced together."""
    kinds: dict[tuple, list[int]] = {}
    for i, supply in enumerate(supplies):
        kinds.setdefault(kind(supply), []).append(i)
    found: dict[int, Iterable[Candidate]] = {}
    for places in kinds.values():
        stack = stacked([supplies[i] for i in places])
        at = {**values, **_typical_values(stack, client)}
        price = _serverless if stack.offer.term is Term.SERVERLESS else _always_on
        found.update(zip(places, price(client, choice, stack, at), strict=True))
    return [candidate for i in range(len(supplies)) for candidate in found[i]]


def _typical_values(stack: Stack, client: Client) -> dict[str, np.ndarray]:
    """What the supplies of a stack add to the typical values, under the stack's own paths."""
    _, *paths = (a.path for a in supply_assumptions(stack.supplies[0], client))
    each = np.array(
        [[a.typical for a in supply_assumptions(supply, client)] for supply in stack.supplies]
    )
    return dict(zip([stack.throughput_path, *paths], each.T, strict=True))


def _questions(supply: Supply) -> tuple[Reason, ...]:
    """What must be asked of a supply's plan, else of its offer."""
    return supply.plan.reasons or supply.offer.reasons


def _serverless(
    client: Client, choice: WorkloadChoice, stack: Stack, at: Values
) -> Iterator[list[Candidate]]:
    scope = serverless_scope(choice, stack, at)
    awake = scope(serverless_gpus.name)
    counts = awake / HOURS_PER_MONTH / stack.offer.hourly_usd / stack.plan.gpus_count
    bills = np.asarray(sum(amounts(fleet_nodes(scope, stack)).values()))
    for supply, count, usd in zip(stack.supplies, counts, bills, strict=True):
        numbers = (count, count, usd)
        yield [_candidate(Option.SERVERLESS, supply, numbers, _questions(supply))]


def _always_on(
    client: Client, choice: WorkloadChoice, stack: Stack, at: Values
) -> Iterator[list[Candidate]]:
    """Each supply as a fleet that serves all the moved work, and as the owned part of a hybrid
    where slices of it can be had alone."""
    spares = client.own_capacity.spare_replicas_count
    scope = supply_scope(scope_of(choice, at), stack, choice, spares)
    up = fleet_of(scope)
    bills = sum(amounts(fleet_nodes(scope, stack)).values())
    fleets = np.transpose(np.broadcast_arrays(up.peak_replicas, up.paid_replicas, bills))
    is_floor = not may_leave(choice.workload) and any(
        may_leave(workload) for workload in client.workloads
    )
    splits = (
        _splits(choice, stack, at)
        if choice.host and stack.fills_machines and not is_floor
        else None
    )
    for i, (supply, numbers) in enumerate(zip(stack.supplies, fleets, strict=True)):
        asked = _questions(supply)
        is_taken = supply.offer.term is Term.SPOT and not choice.can_wait
        alone = asked or ((MAY_BE_TAKEN_AWAY,) if is_taken else ())
        found = [_candidate(_option(supply.offer), supply, numbers, alone)]
        if is_floor:  # its fleet is the floor on which the others are split
            found.append(replace(found[0], option=Option.HYBRID))
        if splits is not None:
            *numbers, margin = splits[i]
            found.append(_candidate(Option.HYBRID, supply, numbers, asked, margin))
        yield found


def _splits(choice: WorkloadChoice, stack: Stack, at: Values) -> np.ndarray:
    """The exact split on each supply alone: owned replicas, those with the ones by the hour, USD a
    month, `margin_ratio`; a row each."""
    (split,) = pool_bills([Pool([replace(choice, supplies={Option.HYBRID: stack})])], at, 0)
    usd = sum(split.lines.values()) + split.api_usd_per_month
    replica_api_usd = open_api_usd_per_month(choice, at) / stack.curve.mean
    margin = stack.curve.fill(0) * replica_api_usd / sum(replica_lines(stack, at).values())
    return np.transpose(
        np.broadcast_arrays(
            split.owned_count, split.owned_count + split.on_demand_count, usd, margin
        )
    )


def _candidate(
    option: Option,
    supply: Supply,
    numbers: Iterable[float],
    reasons: tuple[Reason, ...],
    margin_ratio: float = 0.0,
) -> Candidate:
    """A supply for an option; `numbers` are its replicas, those paid for, and its USD a month."""
    figures = (*map(float, numbers), float(margin_ratio))
    return Candidate(option, supply.plan, reasons, supply.offer, supply, *figures)
