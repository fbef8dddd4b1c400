"""Supplies of one kind as one supply whose numbers are arrays: the arithmetic of a bill takes
arrays, so one call prices them all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from llmcost.model.autoscale import LoadLevels
from llmcost.study.problem import ReplicaLoad, Supply


@dataclass(frozen=True)
class Stack(Supply):
    """Several supplies of one `kind`. The counts, speeds, sizes and prices of plan and offers are
    arrays with one value per supply, and the load has a row for each; what else they say is the
    first one's.
    """

    supplies: Sequence[Supply] = ()

    @property
    def levels(self) -> list[LoadLevels]:
        """How long and how often each one's load stands above a level."""
        return [supply.load.levels for supply in self.supplies]

    @property
    def throughput_path(self) -> str:
        """Path of a throughput multiplier that all of them share."""
        return "capacity.stack.throughput_multiplier"

    @property
    def fills_machines(self) -> bool:
        """Whether a replica of any of them fills whole machines."""
        return self.supplies[0].fills_machines


def kind(supply: Supply) -> tuple:
    """What supplies must have in common to be billed by the same lines."""
    return (
        supply.offer.term,
        supply.fills_machines,
        supply.by_the_hour is None,
        supply.offer.idle_timeout_seconds is None,
    )


def stacked(supplies: Sequence[Supply]) -> Stack:
    """Supplies of one kind as one."""
    replica = _as_arrays(
        [each.replica for each in supplies],
        (
            "gpus_count",
            "concurrency_count",
            "input_tokens_per_second",
            "output_tokens_per_second",
            "weights_gb",
        ),
    )
    plan = replace(_as_arrays([each.plan for each in supplies], ("gpus_count",)), replica=replica)
    offer = _as_arrays(
        [each.offer for each in supplies],
        ("gpus_count", "gpu_usd_per_hour", "idle_timeout_seconds"),
    )
    hourly = [each.by_the_hour for each in supplies if each.by_the_hour]
    by_the_hour = _as_arrays(hourly, ("gpu_usd_per_hour",)) if hourly else None
    load = ReplicaLoad(np.stack([each.load_replicas for each in supplies]))
    return Stack(plan, offer, load, by_the_hour, supplies[0].warm_count, supplies)


def _as_arrays(each: Sequence[Any], names: Iterable[str]) -> Any:
    """The first with the named numbers of all, those that are known."""
    known = [name for name in names if getattr(each[0], name) is not None]
    return replace(
        each[0], **{name: np.array([getattr(one, name) for one in each]) for name in known}
    )
