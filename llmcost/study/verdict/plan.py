"""The next ninety days: what to measure, to ask and to decide, by day, from this client's own weak
points."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from typing import Any

from llmcost.study.assumptions import Confidence
from llmcost.study.bill.options import HOSTED
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import hardware_usd_by_gpu
from llmcost.study.fleets.labels import labels, tuning
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.names import plain_name, shown
from llmcost.study.problem import STAYING, Option
from llmcost.study.uncertainty.advice import advised_option, yardstick_option
from llmcost.study.uncertainty.evidence import EVIDENCE_RANK, KNOWN_AS, moving_inputs
from llmcost.study.uncertainty.flips import nearest_flips
from llmcost.study.verdict.gates import ENOUGH_REQUESTS_COUNT, OPEN, GateKind, gates
from llmcost.study.wording import percent, usd, usd_range

MEASURED_FIRST = 2
"""Of the inputs that move the verdict and are not measured, so many get a step of their own."""
HOW = {
    "capacity.*.throughput_multiplier": "benchmark one replica, for a day, with prompts like yours",
    "people.engineer_fte*": "write down the hours that a trial really takes, for four weeks",
    "people.engineer_usd_per_year": "ask for the full cost of an engineer, overheads in it",
    "people.api_fte": "write down the hours that the API takes today, for four weeks",
    "*.token_ratio": "count the tokens of 1,000 of your own prompts and answers in both models",
    "*.cacheable_input_fraction": (
        "replay a day of prompts and count what they share from their first token on"
    ),
    "*.cached_input_fraction": "read the cached tokens off a usage export",
    "*.batchable_fraction": "list the jobs that may wait a day, and their tokens",
    "*.load.headroom_fraction": "log requests by the minute for a week",
    "*.load.*_mtok_per_month": "read the tokens of a whole month off a usage export",
    "gpu_purchase.*": "ask two sellers for a written offer, and what they pay for used cards",
    "hidden_costs.gpu_rent_path_multiplier": (
        "ask two providers what they charge for a year's commitment, and on what terms it ends"
    ),
    "hidden_costs.api_price_path_multiplier": "ask the host whether it holds its price for a year",
    "one_off.*": "list the work by days, with those who would do it",
    "hidden_costs.refresh*": "agree how often the model will be changed, and by whom",
}
"""Path of an input -> how to know it better."""


@dataclass(frozen=True)
class Step:
    """One step: from which to which day after the decision, what is done, why, and how one knows
    that it is done."""

    days: tuple[int, int]
    step: str
    why: str
    done_when: str


def plan(case: Case, decision: str, look_again: str) -> list[Step]:
    """The steps in order of their days. A client who is to stay gets what would make the next
    answer surer, and no move."""
    steps = [
        *_first(decision),
        *_load(case.loads.values()),
        *_evaluation(case),
        *_tuning(case),
        *_measuring(case),
        *_asking(case),
        *_move(case),
    ]
    spread = case.draws()[advised_option(case)]
    band = usd_range(spread.quantile(0.1), spread.quantile(0.9))
    last = Step(
        (90, 90),
        "Hold the month's bill against this report",
        f"it said {band} a month",
        f"the next look is agreed: {look_again}",
    )
    return sorted([*steps, last], key=lambda step: step.days)


def record(case: Case, decision: str, look_again: str) -> list[dict[str, Any]]:
    """The plan as plain data."""
    return [asdict(step) for step in plan(case, decision, look_again)]


def _moves(case: Case) -> bool:
    return advised_option(case) not in STAYING


def _first(decision: str) -> Iterator[Step]:
    yield Step(
        (0, 0),
        "Decide, and name one person who answers for the plan",
        decision,
        "the amount and the name are written down",
    )


def _load(loads: Collection[WorkloadLoad]) -> Iterator[Step]:
    days = [len(load.usage.hourly) / 24 for load in loads if load.usage]
    if all(load.confidence is Confidence.MEASURED for load in loads) and min(days, default=0) >= 30:
        return
    why = (
        "the load's hours come from a public shape"
        if not days
        else f"the export holds {min(days):.0f} days"
    )
    why = (
        "an export of days has no hours" if any(u.usage.of_days for u in loads if u.usage) else why
    )
    done = "the command usage reads it without a warning"
    yield Step((1, 30), "Export thirty days of usage by the hour, cached tokens counted", why, done)


def _evaluation(case: Case) -> Iterator[Step]:
    """The client's own test of the open model, with the share at which the answer turns as its stop
    rule."""
    for choice in case.choices:
        path = f"{choice.alternative_at}.passing_fraction"
        turns = [flip for flip in nearest_flips(case) if flip.path == path]
        if choice.alternative.evidence == Confidence.MEASURED or not (_moves(case) or turns):
            continue
        low, high = (
            choice.alternative.passing_fraction.low,
            choice.alternative.passing_fraction.high,
        )
        nearest = min(turns, key=lambda flip: abs(flip.turns_at - flip.typical), default=None)
        side = "above" if nearest and nearest.turns_at > nearest.typical else "below"
        turn = (
            f"the answer turns {side} {percent(nearest.turns_at)}"
            if nearest
            else "no share turns the answer, but it moves the amount"
        )
        done = f"a share is measured; {turn}"
        step = (
            f"Evaluate {choice.alternative.model_id} blind on about {ENOUGH_REQUESTS_COUNT} of your"
            " own requests"
        )
        yield Step(
            (1, 42),
            step,
            f"{percent(low)} to {percent(high)} passing is {_said(choice.alternative.evidence)}",
            done,
        )


def _said(evidence: str) -> str:
    return "a guess" if evidence == Confidence.GUESS else "reported, not measured"


def _tuning(case: Case) -> Iterator[Step]:
    totals = case.totals
    less = totals[Option.TODAY] - totals[Option.TUNED] if Option.TUNED in totals else 0.0
    if round(less, 2) > 0:
        done = "the cached and batched shares show on the bill"
        yield Step(
            (1, 45),
            f"Tune today's model ({tuning(case)})",
            f"{usd(less)} a month, whatever else is decided",
            done,
        )


def _measuring(case: Case) -> Iterator[Step]:
    """The inputs that move the verdict and are known worst: those that can turn it first, then the
    least known, then the strongest."""
    moving = moving_inputs(case)
    open_ones = moving[
        (moving["evidence"] != Confidence.MEASURED)
        & ~moving["path"].str.endswith("passing_fraction")
    ]
    ranked = open_ones.assign(rank=open_ones["evidence"].map(EVIDENCE_RANK))
    ranked = ranked.sort_values(
        ["turns", "rank", "variance_fraction"], ascending=False, kind="stable"
    ).head(MEASURED_FIRST)
    for row in ranked.itertuples():
        a = case.inputs[str(row.path)]
        how = next(
            (how for pattern, how in HOW.items() if fnmatch(a.path, pattern)),
            "find a source better than the present one",
        )
        name = plain_name(a.path)
        does = "it alone could turn the answer" if row.turns else "it moves the answer"
        why = f"{does}: {KNOWN_AS[Confidence(a.confidence)]}"
        band = f"{shown(a.low, a.unit)} to {shown(a.high, a.unit)}"
        yield Step(
            (8, 30),
            f"{name[0].upper()}{name[1:]}: {how}",
            why,
            f"the range is narrower than {band}",
        )


def _asking(case: Case) -> Iterator[Step]:
    for gate in gates(case):
        if gate.status in OPEN and gate.kind is not GateKind.QUALITY:
            why = f"{gate.status}: {gate.said}" if gate.said else gate.status
            yield Step((8, 42), f"Settle the gate: {gate.name}", why, gate.evidence)


def _move(case: Case) -> Iterator[Step]:
    if not _moves(case):
        return
    winner, totals = advised_option(case), case.totals
    name, yardstick = labels(case)[winner], yardstick_option(case)
    hosted, inside = (
        winner in HOSTED,
        any(choice.workload.gates.air_gapped for choice in case.choices),
    )
    where = (
        "one machine on loan, inside your walls"
        if inside
        else "one replica, rented by the hour"
        if hosted
        else "the new API"
    )
    trial = f"Send a tenth of the work to {where}"
    yield Step(
        (43, 63), trial, "speed, failures and cost at your own load", "two weeks without a surprise"
    )
    alone = yardstick == winner
    limit = usd(case.draws()[winner].quantile(0.9) if alone else totals[yardstick])
    done = f"go if every gate is settled and the bill it points to stays below {limit} a month"
    yield Step(
        (64, 64),
        "Go or no go",
        f"today's estimate for {name}: {usd(totals[winner])} a month",
        done,
    )
    hardware = sum(hardware_usd_by_gpu(case, winner).values()) if hosted else 0.0
    order = (
        f"Order the hardware ({usd(hardware)}) and move"
        if hardware
        else "Move the rest, step by step"
    )
    back = (
        "today's way can still be called back"
        if Option.TODAY in totals
        else "the trial can still be called back"
    )
    yield Step(
        (65, 89),
        order,
        f"the saving starts here; {back} until day 90",
        "all that passes runs there",
    )
