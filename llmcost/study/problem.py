"""The decision with its discrete choices made: which open model, host and serving plan each option
of a workload uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Self

import numpy as np

from llmcost.inputs.api_prices import Offer
from llmcost.inputs.client import Alternative, Workload
from llmcost.model.autoscale import LoadLevels
from llmcost.model.fleet import LoadDurationCurve
from llmcost.model.types import Replica
from llmcost.study.capacity.serving_plans import ServingPlan
from llmcost.study.loads.load import WorkloadLoad
from llmcost.study.market.gpu_offers import GpuOffer
from llmcost.study.market.hosts import JudgedOffer

VOLUME = "volume_multiplier"
"""All volumes times this: a knob for break-evens and what-ifs, 1 in every answer.
`workloads.<id>.volume_multiplier` moves one alone."""


class Option(StrEnum):
    """A way to have the work done, with what it is called; the simplest first."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        option = str.__new__(cls, value)
        option._value_, option.label = value, label
        return option

    TODAY = "today", "Today"
    TUNED = "tuned", "Same model, tuned"
    OPEN_API = "open_api", "Open model by API"
    SERVERLESS = "serverless", "Serverless GPUs"
    RENTED = "rented", "Rented GPUs"
    OWNED = "owned", "Owned GPUs"
    HYBRID = "hybrid", "Hybrid, exact split"


STAYING = (Option.TODAY, Option.TUNED)
"""Options that stay on today's model."""


@dataclass(frozen=True, eq=False)
class ReplicaLoad:
    """A workload's load in replicas of one plan (typical values), hour by hour, and what is looked
    up in it."""

    load_replicas: np.ndarray

    @cached_property
    def curve(self) -> LoadDurationCurve:
        """The load-duration curve."""
        return LoadDurationCurve(self.load_replicas)

    @cached_property
    def levels(self) -> LoadLevels:
        """How long and how often the load stands above a level."""
        return LoadLevels(self.load_replicas)


@dataclass(frozen=True)
class Supply:
    """A serving plan at a GPU offer, with this workload's load in replicas of that plan.

    by_the_hour  the same GPUs where a single replica can be given back by the hour, None where
                 nobody lets them so
    warm_count   serverless replicas that never sleep
    """

    plan: ServingPlan
    offer: GpuOffer
    load: ReplicaLoad = field(compare=False, repr=False)
    by_the_hour: GpuOffer | None = None
    warm_count: int = 0

    @property
    def curve(self) -> LoadDurationCurve:
        """The load-duration curve."""
        return self.load.curve

    @property
    def levels(self) -> LoadLevels | Sequence[LoadLevels]:
        """How long and how often the load stands above a level."""
        return self.load.levels

    @property
    def load_replicas(self) -> np.ndarray:
        """The load of each hour."""
        return self.load.load_replicas

    @property
    def fills_machines(self) -> bool:
        """Whether a replica uses up whole machines, so that a slice of the load can be had
        alone."""
        return self.offer.filled_by(self.plan.gpus_count)

    @property
    def replica(self) -> Replica:
        """The plan's replica; a supply is made of feasible plans only."""
        assert self.plan.replica is not None
        return self.plan.replica

    @property
    def throughput_path(self) -> str:
        """Path of the assumption that says how far the plan's throughput may be off."""
        plan = self.plan
        replica = f"{plan.gpu_id}-x{plan.gpus_count}-{plan.precision}"
        return f"capacity.{plan.model_id}.{replica}.throughput_multiplier"


@dataclass(frozen=True)
class WorkloadChoice:
    """One workload with the model, host and supplies that its options use.

    today      what answers now and may go on answering, or None
    host       the cheapest eligible API host of the open model, or None
    supplies   option that runs GPUs -> the cheapest supply; a missing one has no feasible plan
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
    def can_wait(self) -> bool:
        """Whether all of the work may wait for a batch."""
        return self.workload.batchable_fraction.low >= 1

    @property
    def alternative_at(self) -> str:
        """Path of the chosen open model in the client file."""
        return f"{self.at}.alternatives.{self.alternative.model_id}"
