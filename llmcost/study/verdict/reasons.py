"""Why the answer is what it is, and what would turn it."""

from llmcost.inputs.client import Client
from llmcost.model.break_even import months_until
from llmcost.study.bill.options import HOSTED, LABELS, OWN
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import (
    always_on_fleet,
    delivered_utilization_fraction,
    passing_fraction,
)
from llmcost.study.fleets.labels import labels
from llmcost.study.fleets.unit_costs import (
    always_on_option,
    full_usd_per_month,
    hosting_usd_per_month,
    unit_costs,
)
from llmcost.study.market.hosts import may_leave
from llmcost.study.names import plain_name, shown
from llmcost.study.problem import VOLUME, Option
from llmcost.study.ties import cheapest
from llmcost.study.uncertainty.advice import advised_option
from llmcost.study.uncertainty.flips import Flip, nearest_flips
from llmcost.study.wording import number, percent, usd

SHOWN_FLIPS = 4


def why(case: Case) -> str:
    """The chain from the load's shape to a price per token, in one line."""
    option = always_on_option(case)
    if option is None:
        return "no own fleet can be had"
    parts = []
    for choice in case.choices:
        supply, cost = choice.supplies[option], unit_costs(case, choice, option)
        up = always_on_fleet(case, choice, option)
        given_back = (
            f" ({number(up.peak_replicas - up.standing_replicas)} by the hour)"
            if up.peak_replicas > up.standing_replicas
            else ""
        )
        shape = (
            f"peak/mean {number(supply.curve.peak / supply.curve.mean, 2)} →"
            f" {number(up.peak_replicas)} replicas{given_back}"
        )
        busy = percent(delivered_utilization_fraction(case, choice, option))
        text = f"{shape}, {busy} delivered utilization: USD per million tokens "
        text += (
            f"{usd(cost['full'])} if always full → {usd(cost['at_load'])} at your load →"
            f" {usd(cost['with_people'])} with people"
        )
        text += f" | open API {usd(cost['open_api'])}" if cost["open_api"] is not None else ""
        text += (
            f" | {choice.today.model_id} {usd(cost['today'])}"
            if choice.today and cost["today"] is not None
            else ""
        )
        parts.append(f"{choice.workload.id}: {text}" if len(case.choices) > 1 else text)
    return "; ".join(parts)


def naive_and_loaded(case: Case) -> str:
    """The cheapest fleet's naive bill (GPUs busy every hour that is paid for, and nothing else)
    beside what it would really cost."""
    options = [option for option in OWN if option in case.totals]
    if not options:
        return ""
    option = cheapest(options, case.totals.__getitem__)
    naive = sum(full_usd_per_month(choice, option, case.values) for choice in case.choices)
    loaded = float(hosting_usd_per_month(case.lines[option]))
    said = f"{labels(case)[option]}: {usd(naive)} a month if every paid hour were busy"
    said += f" and nothing else cost money → {usd(loaded)} loaded"
    return f"{said}, x {number(loaded / naive, 2)}" if naive else said


def flip_sentences(case: Case) -> list[str]:
    """The nearest flips, one per input, closest to today's value first."""
    nearest: dict[str, Flip] = {}
    for flip in sorted(nearest_flips(case), key=_distance):
        nearest.setdefault(flip.path, flip)
    said = [_flip_sentence(case, flip) for flip in list(nearest.values())[:SHOWN_FLIPS]]
    said += _rule_flip(case)
    if said and round(case.totals[advised_option(case)] - min(case.totals.values()), 2) > 0:
        return [f"the balance already tips; it tips back at: {said[0]}", *said[1:]]
    return said or ["nothing within its range, one input at a time, turns the answer"]


def without_api_rule(case: Case, allowed: bool) -> Case:
    """The same client with its data free to leave, or kept inside."""
    rules = {"third_party_api_allowed": allowed, "air_gapped": False}
    return case.what_if(
        {
            f"workloads.{w.id}.gates.{rule}": value
            for w in case.client.workloads
            for rule, value in rules.items()
        }
    )


def _rule_flip(case: Case) -> list[str]:
    """What the other rule about the data would make of the answer, and its price."""
    inside = not any(may_leave(workload) for workload in case.client.workloads)
    other = without_api_rule(case, allowed=inside)
    if not other.totals:
        return ["no third-party API allowed: nothing is left"]
    best = cheapest(other.totals, other.totals.__getitem__)
    if best == advised_option(case):
        return []
    difference = other.totals[best] - case.totals[advised_option(case)]
    price = f"{usd(abs(difference))} a month {'more' if difference > 0 else 'less'}"
    fails = 1 - passing_fraction(other)
    fallback = (
        ""
        if inside or Option.TODAY not in case.totals
        else f", and no fallback for the {percent(fails)} that fails"
    )
    rule = "third-party APIs allowed" if inside else "no third-party API allowed"
    return [f"{rule}: {labels(other)[best]}, {price}{fallback}"]


def _distance(flip: Flip) -> float:
    """How far an input must move, as a factor; from or to zero is far."""
    low, high = sorted((abs(flip.turns_at), abs(flip.typical)))
    return high / low if low > 0 else float("inf")


def _when(client: Client, turns_at: float) -> str:
    """When the client's own growth takes the volume there, if it ever does within ten years."""
    growth = {workload.growth_fraction_per_month.typical for workload in client.workloads}
    months = months_until(turns_at, growth.pop()) if len(growth) == 1 else None
    return (
        f" (in {number(months, 2)} months at the client's growth)"
        if months and months <= 120
        else ""
    )


def _flip_sentence(case: Case, flip: Flip) -> str:
    # the fleet of a hosted option would be another one where the answer turns
    to = LABELS[flip.option] if flip.option in HOSTED else labels(case)[flip.option]
    if flip.path == VOLUME:
        return f"volume x {number(flip.turns_at)}{_when(case.client, flip.turns_at)}: {to}"
    if flip.unit == "multiplier":
        return f"{plain_name(flip.path)} {shown(flip.turns_at, flip.unit)}: {to}"
    side = "above" if flip.turns_at > flip.typical else "below"
    return (
        f"{plain_name(flip.path)} {side} {shown(flip.turns_at, flip.unit)} (now"
        f" {shown(flip.typical, flip.unit)}): {to}"
    )
