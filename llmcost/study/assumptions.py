"""Every number that the answer rests on: its range, its unit, and who says so."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from llmcost.inputs.catalog import ABOVE_ONE, HiddenCost, hidden_costs
from llmcost.inputs.client import Client, Workload
from llmcost.inputs.client_types import Band
from llmcost.inputs.today import Commitment
from llmcost.model.uncertainty import triangular_draws, uniform_stream

Values = Mapping[str, float | np.ndarray]
"""One value, or an array of them, for each assumption's path."""


class Confidence(StrEnum):
    """How well a number is known: from the best to the worst."""

    MEASURED = "measured"
    LIST_PRICE = "list_price"
    REPORTED = "reported"
    GUESS = "guess"


@dataclass(frozen=True)
class Assumption:
    """One input of the decision: P10, mode, P90 in `unit`, and where it comes from.

    origin      client | usage export | quote | catalog | default
    confidence  measured | list_price | reported | guess
    ceiling     the largest value that makes sense (1 for a share)
    """

    path: str
    low: float
    typical: float
    high: float
    unit: str
    origin: str
    source: str
    date: str
    confidence: str
    ceiling: float = np.inf

    @property
    def certain(self) -> bool:
        """Whether the input has no range."""
        return self.low == self.high

    @property
    def floor(self) -> float:
        """Where the lower tail of its draws ends: at half of P10, so that nothing that is divided
        by comes near zero; at zero for what may be nothing; nowhere for what may shrink.
        """
        return self.low / 2 if self.low >= 0 else -np.inf


PEOPLE_AND_ONE_OFFS = {
    "engineer_fte_rented": "people.engineer_fte",
    "engineer_usd_per_year": "people.engineer_usd_per_year",
    "api_fte": "people.api_fte",
    "migration_usd": "one_off.migration_usd",
    "setup_usd": "one_off.setup_usd",
    "exit_usd": "one_off.exit_usd",
}
"""Item of the hidden-cost table -> the field of the client file that replaces it."""
UNDER_OTHER_PATHS = {
    *PEOPLE_AND_ONE_OFFS,
    "engineer_fte_owned",
    "engineer_fte_serverless",
    "token_ratio",
}
"""Items of the hidden-cost table that are no path below `hidden_costs`."""


def gather(
    client: Client, hidden: Mapping[str, HiddenCost], loads: Mapping[str, Mapping[str, Assumption]]
) -> dict[str, Assumption]:
    """All assumptions of a client that do not depend on a serving plan, by path."""
    found: list[Assumption] = []
    for workload in client.workloads:
        found += loads[workload.id].values()
        found += _workload_assumptions(workload, client, hidden)
    found += _people_assumptions(client, hidden)
    found += [
        catalogued(f"hidden_costs.{item}", row)
        for item, row in sorted(hidden.items())
        if item not in UNDER_OTHER_PATHS
    ]
    return {assumption.path: assumption for assumption in found}


def catalogued(path: str, row: HiddenCost) -> Assumption:
    """A catalog line that the client did not override; it shows as a default."""
    origin = "default" if row.origin == "catalog" else row.origin
    ceiling = 1.0 if row.unit == "fraction" and row.item not in ABOVE_ONE else np.inf
    return Assumption(
        path,
        row.band.low,
        row.band.typical,
        row.band.high,
        row.unit,
        origin,
        row.source,
        row.date,
        row.confidence,
        ceiling,
    )


def stated(
    path: str,
    band: Band,
    unit: str,
    client: Client,
    confidence: str = Confidence.REPORTED,
    ceiling: float = np.inf,
) -> Assumption:
    """A number that stands in the client file."""
    day = client.as_of_date.isoformat()
    return Assumption(
        path,
        band.low,
        band.typical,
        band.high,
        unit,
        "client",
        "client.yaml",
        day,
        confidence,
        ceiling,
    )


def _workload_assumptions(
    workload: Workload, client: Client, hidden: Mapping[str, HiddenCost]
) -> Iterable[Assumption]:
    at = f"workloads.{workload.id}"
    yield stated(
        f"{at}.batchable_fraction", workload.batchable_fraction, "fraction", client, ceiling=1.0
    )
    for name in ("cacheable_input_fraction", "flexible_fraction", "long_context_fraction"):
        given = getattr(workload, name)
        if given is not None:
            yield stated(f"{at}.{name}", given, "fraction", client, ceiling=1.0)
    if workload.today and workload.today.commitment:
        yield from _commitment_assumptions(
            f"{at}.today.commitment", workload.today.commitment, client
        )
    for alternative in workload.alternatives:
        to = f"{at}.alternatives.{alternative.model_id}"
        yield stated(
            f"{to}.passing_fraction",
            alternative.passing_fraction,
            "fraction",
            client,
            alternative.evidence,
            ceiling=1.0,
        )
        if alternative.token_ratio:
            yield stated(
                f"{to}.token_ratio", alternative.token_ratio, "ratio", client, alternative.evidence
            )
        else:
            yield catalogued(f"{to}.token_ratio", hidden["token_ratio"])


def _commitment_assumptions(at: str, promised: Commitment, client: Client) -> Iterable[Assumption]:
    yield stated(f"{at}.usd_per_month", promised.usd_per_month, "USD/month", client)
    yield stated(
        f"{at}.discount_fraction", promised.discount_fraction, "fraction", client, ceiling=1.0
    )
    months = client.horizon_months if promised.months_left is None else promised.months_left
    bound = min(months / client.horizon_months, 1.0)
    found = stated(
        f"{at}.bound_fraction",
        Band(low=bound, typical=bound, high=bound),
        "fraction",
        client,
        ceiling=1.0,
    )
    yield (
        found
        if promised.months_left is not None
        else replace(found, origin="default", source="no end stated: it binds for the horizon")
    )


def _people_assumptions(client: Client, hidden: Mapping[str, HiddenCost]) -> Iterable[Assumption]:
    for item, path in PEOPLE_AND_ONE_OFFS.items():
        section, field = path.split(".")
        band = getattr(getattr(client, section), field)
        unit = hidden[item].unit
        yield catalogued(path, hidden[item]) if band is None else stated(path, band, unit, client)
    for way in ("owned", "serverless"):
        yield _scaled_engineers(way, client, hidden)


def _scaled_engineers(way: str, client: Client, hidden: Mapping[str, HiddenCost]) -> Assumption:
    """Engineers for owned or serverless GPUs: quoted, or from the client's figure for rented ones.

    Their proportion to rented ones is the catalog's, whatever is quoted for those.
    """
    path, item = f"people.engineer_fte_{way}", f"engineer_fte_{way}"
    band = client.people.engineer_fte
    if band is None or hidden[item].origin == "quote":
        return catalogued(path, hidden[item])
    listed = hidden_costs(client.as_of_date, [])
    rented, scaled = listed["engineer_fte_rented"].band, listed[item].band
    levels = {
        level: getattr(band, level) * getattr(scaled, level) / getattr(rented, level)
        for level in ("low", "typical", "high")
    }
    return stated(path, Band(**levels), "FTE", client, Confidence.GUESS)


def typical_values(assumptions: Mapping[str, Assumption]) -> dict[str, float | np.ndarray]:
    """Each assumption at its typical value."""
    return {path: assumption.typical for path, assumption in assumptions.items()}


def drawn_values(
    assumptions: Mapping[str, Assumption], count: int
) -> dict[str, float | np.ndarray]:
    """Each assumption as `count` draws: arrays of shape (count,); certain ones stay single
    numbers."""
    return {
        path: (
            a.typical
            if a.certain
            else triangular_draws(
                a.low, a.typical, a.high, uniform_stream(path, count), a.floor, a.ceiling
            )
        )
        for path, a in assumptions.items()
    }
