"""The decision with its discrete choices made: which open model, host and serving plan each option of a workload uses."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Alternative, Workload
from llmcost.model import HOURS_PER_MONTH, SECONDS_PER_HOUR, TOKENS_PER_MTOK
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.throughput import request_seconds
from llmcost.model.types import Replica
from llmcost.study.assumptions import Values
from llmcost.study.bill.hosts import JudgedOffer, RequestShape
from llmcost.study.capacity.capacity import ServingPlan
from llmcost.study.capacity.gpu_offers import GpuOffer
from llmcost.study.loads.load import WorkloadLoad

VOLUME = "volume_multiplier"
"""All volumes times this: a knob for break-evens and what-ifs, 1 in every answer. `workloads.<id>.volume_multiplier` moves one alone."""


@dataclass(frozen=True)
class Supply:
    """A serving plan at a GPU offer, with this workload's load-duration curve in replicas of that plan (typical values).

    by_the_hour  the same GPUs where a single replica can be given back by the hour, None where nobody lets them so
    """

    plan: ServingPlan
    offer: GpuOffer
    curve: LoadDurationCurve = field(compare=False)
    load_replicas: np.ndarray = field(compare=False, repr=False)
    by_the_hour: GpuOffer | None = None

    @property
    def replica(self) -> Replica:
        """The plan's replica; a supply is made of feasible plans only."""
        assert self.plan.replica is not None
        return self.plan.replica

    @property
    def throughput_path(self) -> str:
        """Path of the assumption that says how far the plan's throughput may be off."""
        return f"capacity.{self.plan.model_id}.{self.plan.gpu_id}-x{self.plan.gpus_count}-{self.plan.precision}.throughput_multiplier"


@dataclass(frozen=True)
class WorkloadChoice:
    """One workload with the model, host and supplies that its options use.

    today      what answers now and may go on answering, or None
    host       the cheapest eligible API host of the open model, or None
    supplies   "rented", "owned", "serverless", "hybrid" -> the cheapest supply; a missing one has no feasible plan
    """

    workload: Workload
    load: WorkloadLoad
    today: Offer | None
    alternative: Alternative
    host: JudgedOffer | None
    supplies: Mapping[str, Supply]

    @property
    def at(self) -> str:
        """Path of the workload in the client file."""
        return f"workloads.{self.workload.id}"

    @property
    def alternative_at(self) -> str:
        """Path of the chosen open model in the client file."""
        return f"{self.at}.alternatives.{self.alternative.model_id}"


def volume_knob(choice: WorkloadChoice, values: Values):
    """How many times the client's own volume a workload has at these values."""
    return values.get(VOLUME, 1.0) * values.get(f"{choice.at}.{VOLUME}", 1.0)


def volumes(choice: WorkloadChoice, values: Values) -> tuple:
    """(input, output) Mtok a month of the whole workload, in tokens of today's model."""
    knob = volume_knob(choice, values)
    at = f"{choice.at}.load"
    return values[f"{at}.input_mtok_per_month"] * knob, values[f"{at}.output_mtok_per_month"] * knob


def cached_fraction(at: str, values: Values):
    """Share of input read from a cache once prompts are arranged for it: never below today's."""
    today = values[f"{at}.cached_input_fraction"]
    return np.maximum(values.get(f"{at}.cacheable_input_fraction", today), today)


def batched_fraction(at: str, values: Values):
    """Share of the work sent in batches once all goes there that may wait: never below today's."""
    return np.maximum(values[f"{at}.batchable_fraction"], values[f"{at}.batched_fraction"])


LEAST_TAKEN = 1e-6
"""A share of zero counts as one in a million, so that a price per token still exists."""


def taken_fraction(choice: WorkloadChoice, values: Values):
    """Share of the work that the open model takes over: what passes the evaluation, or everything where nothing answers today."""
    return np.maximum(values[f"{choice.alternative_at}.passing_fraction"], LEAST_TAKEN) if choice.today else 1.0


def moved_volumes(choice: WorkloadChoice, values: Values) -> tuple:
    """(input, output) Mtok a month that the open model takes over, in its own tokens."""
    factor = taken_fraction(choice, values) * values[f"{choice.alternative_at}.token_ratio"]
    into, out = volumes(choice, values)
    return into * factor, out * factor


def request_shape(choice: WorkloadChoice, values: Values) -> RequestShape:
    """The requests that move, as a host would see them."""
    tokens = float(sum(volumes(choice, values))) * float(values[f"{choice.alternative_at}.token_ratio"]) * TOKENS_PER_MTOK
    peak = float(choice.load.hourly["requests"].max()) / 60 * float(taken_fraction(choice, values))
    return RequestShape(tokens / choice.load.requests_per_month, peak)


def mean_load_replicas(choice: WorkloadChoice, supply: Supply, values: Values):
    """Mean load of the moved work in replicas: replica-seconds asked for per second, over the safe share of saturation.

    Cached input costs no prefill; the throughput multiplier is what the plan really delivers of its modelled speed.
    """
    into, out = moved_volumes(choice, values)
    fresh = into * (1 - cached_fraction(choice.at, values))
    seconds = request_seconds(supply.replica, fresh * TOKENS_PER_MTOK, out * TOKENS_PER_MTOK)
    speed = values[supply.throughput_path] * values["hidden_costs.safe_share_fraction"]
    return seconds / (HOURS_PER_MONTH * SECONDS_PER_HOUR * speed)


def load_scale(choice: WorkloadChoice, supply: Supply, values: Values):
    """The load at these values over the typical load that the supply's curve was made of."""
    return mean_load_replicas(choice, supply, values) / supply.curve.mean
