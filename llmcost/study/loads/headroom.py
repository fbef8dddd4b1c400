"""What the fleet keeps ready above its busiest hour: the bursts inside the hour, counted once."""

from collections.abc import Mapping

from llmcost.inputs.client import Client, Workload
from llmcost.inputs.load_presets import Preset, preset
from llmcost.model import HOURS_PER_MONTH
from llmcost.study.assumptions import Assumption, Confidence, stated
from llmcost.study.loads.load import WorkloadLoad

HOURS_PER_DAY = 24


def size_preset(measure: str, client: Client, load: WorkloadLoad) -> Preset:
    """What public traces say of clients of this load's size."""
    return preset(
        measure, load.requests_per_month / HOURS_PER_MONTH * HOURS_PER_DAY, client.as_of_date
    )


def load_assumptions(
    client: Client, loads: Mapping[str, WorkloadLoad]
) -> dict[str, dict[str, Assumption]]:
    """What each workload's load says, by workload and path: volumes, cached share, headroom."""
    above = {
        workload.id: headroom(client, workload, loads[workload.id]) for workload in client.workloads
    }
    return {name: {**loads[name].volumes, one.path: one} for name, one in above.items()}


def headroom(client: Client, workload: Workload, load: WorkloadLoad) -> Assumption:
    """Replicas kept over those of the busiest hour, as a fraction: its busiest minute over its mean
    minute, less one.

    In this order: what the client states; what an export finer than an hour shows; the bursts of
    public clients of the same size:

        headroom_fraction = ten_minute_burst * minute_over_ten_minutes - 1

    Of the public clients P10 and median, and for the high end the upper quartile: a triangle that
    reached their P90, several times the median, would have its own median far above theirs.
    """
    path, given = f"workloads.{workload.id}.load.headroom_fraction", workload.load.headroom_fraction
    if given:
        return stated(path, given, "fraction", client)
    if load.usage and load.usage.minute_burst_ratio is not None:
        above, day = (
            load.usage.minute_burst_ratio - 1,
            load.hourly["hour"].iloc[-1].date().isoformat(),
        )
        file = ", ".join(file.name for file in load.usage.table.files[:3])
        return Assumption(
            path, above, above, above, "fraction", "usage export", file, day, Confidence.MEASURED
        )
    burst, minute = (
        size_preset(measure, client, load)
        for measure in ("ten_minute_burst", "minute_over_ten_minutes")
    )
    low, typical, high = (
        ratio * minute.typical - 1
        for ratio in (burst.low, burst.typical, burst.upper_quartile_ratio)
    )
    source = (
        f"{burst.source}: {burst.clients_count} clients with {burst.size}; minutes: {minute.source}"
    )
    return Assumption(
        path, low, typical, high, "fraction", "default", source, burst.date, Confidence.GUESS
    )
