"""Which workloads share replicas in the hybrid: those that run one model on one plan, and whose
hours are the same hours."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from llmcost.inputs.load_shapes import shape_facts
from llmcost.study.problem import Supply, WorkloadChoice

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True)
class Pool:
    """Workloads on one set of replicas: those that must stay below the others, who may use what is
    left and else the API."""

    members: Sequence[WorkloadChoice]

    @property
    def supply(self) -> Supply:
        """The plan and the offers of all of them, with the first one's load."""
        return self.members[0].supplies["hybrid"]

    @property
    def staying(self) -> list[WorkloadChoice]:
        """Those that may not leave: their replicas are owned whatever they cost."""
        return [choice for choice in self.members if choice.host is None]

    @property
    def leaving(self) -> list[WorkloadChoice]:
        """Those that an API may serve."""
        return [choice for choice in self.members if choice.host is not None]

    def load_replicas(self) -> np.ndarray:
        """Typical load of the members in replicas, array (members, hours), the hours of all lined
        up."""
        return np.stack(
            [lined_up(each, each.supplies["hybrid"].load_replicas) for each in self.members]
        )


def same_plan(one: Supply, other: Supply) -> bool:
    """Whether two supplies are the same model on the same GPUs, had the same way."""
    return _plan(one) == _plan(other)


def _plan(supply: Supply) -> tuple:
    plan, offer = supply.plan, supply.offer
    return plan.model_id, plan.gpu_id, plan.gpus_count, plan.precision, offer.row, offer.term


def lined_up(choice: WorkloadChoice, by_hour: np.ndarray) -> np.ndarray:
    """Something of each hour of a workload's record, the hours turned to those of its pool."""
    return np.roll(by_hour, 24 * _calendar(choice)[1], axis=-1)


def pools(choices: Iterable[WorkloadChoice]) -> list[Pool]:
    """The workloads, put together where they can share: the same model, GPUs, precision and offer,
    a replica that fills whole machines, and hours that line up: one export's, one shape's, or two
    whole weeks of which the first weekday is known."""
    found: dict[tuple, list[WorkloadChoice]] = {}
    for choice in choices:
        supply = choice.supplies["hybrid"]
        alone = () if supply.fills_machines else (choice.workload.id,)
        key = (*_plan(supply), *_calendar(choice)[0], *alone)
        found.setdefault(key, []).append(choice)
    return [Pool(members) for members in found.values()]


def _calendar(choice: WorkloadChoice) -> tuple[tuple, int]:
    """(what two records share whose hours line up, days to turn this one by so that it begins on a
    Monday)."""
    hours, shape = choice.load.hourly["hour"], choice.load.shape
    if not shape:
        return (hours.iloc[0], hours.iloc[-1], len(hours)), 0
    first = shape_facts(shape)["starts_on"]
    return (
        (("week", len(hours)), WEEKDAYS.index(first))
        if first and len(hours) == 7 * 24
        else ((shape,), 0)
    )
