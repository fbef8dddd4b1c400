"""The study: what a notebook asks of a case. Every notebook opens with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from llmcost.model.break_even import BreakEven
from llmcost.study import frames, results
from llmcost.study.bill.draws import regret
from llmcost.study.bill.reconciliation import Reconciliation
from llmcost.study.case import Case, opened_case
from llmcost.study.choices import tried_frames
from llmcost.study.fleets.exact_split import Split, workload_split
from llmcost.study.prices import exports
from llmcost.study.uncertainty import advice, reversal_map
from llmcost.study.uncertainty.flips import Flip, nearest_flips
from llmcost.study.uncertainty.value_of_information import value_of_information
from llmcost.study.uncertainty.volume_break_even import volume_break_even
from llmcost.study.verdict.answer import verdict


@dataclass(frozen=True)
class Study(Case):
    """One client's question, answered: a case, and each answer to it by its name."""

    @property
    def winner(self) -> str:
        """The option that is advised."""
        return advice.advised_option(self)

    @property
    def rival(self) -> str:
        """The cheapest option on the other side of the question "host it yourself?", else the next
        cheapest."""
        return advice.rival_option(self)

    @property
    def yardstick(self) -> str:
        """What the advantage is measured against: staying where the advice is to move, else the
        cheapest move."""
        return advice.yardstick_option(self)

    def assumptions(self) -> pd.DataFrame:
        """Every assumption: path, low, typical, high, unit, origin, source, date, confidence."""
        return frames.assumptions(self.inputs)

    def hourly(self, workload_id: str = "") -> pd.DataFrame:
        """One row per hour of a workload: hour, requests, input_tokens, output_tokens."""
        return self.loads[workload_id or self.client.workloads[0].id].hourly.copy()

    def candidates(self) -> pd.DataFrame:
        """Every plan tried, with its gate, reason and GPU bill; feasible and infeasible."""
        return tried_frames.plans_tried(self.considered)

    def hosts(self) -> pd.DataFrame:
        """Every API host's offer of every open model, with its bill for the moved work and its
        eligibility."""
        return tried_frames.hosts_tried(self.considered)

    def options(self) -> pd.DataFrame:
        """Every option: label, status, reason, typical, p10, p90, difference from today,
        probability of being cheapest."""
        return frames.options(self)

    def option_lines(self) -> pd.DataFrame:
        """Every line of every option: option, item, usd_per_month."""
        return frames.lines(self.lines)

    def sweep(self, path: str, points: Sequence[float]) -> pd.DataFrame:
        """Every option's total while one assumption moves: option, value, usd_per_month.
        "volume_multiplier" moves all volumes.

        Raises InputError for a path that is no assumption of this study.
        """
        return frames.sweep(self, path, points)

    def split(self, workload_id: str = "") -> Split | None:
        """The exact hybrid split of one workload and those that share its replicas; None where
        there is nothing to split."""
        return workload_split(self, workload_id)

    def break_even(self, option: str = "rented", against: str = "open_api") -> BreakEven:
        """Input volumes at which `option` beats the open model by API, or today's model ("tuned"),
        or a "premium" one."""
        return volume_break_even(self, option, against)

    def regret(self) -> pd.DataFrame:
        """What choosing each option may cost: its bill minus the cheapest of the same draw, mean
        and P90."""
        return regret(self.draws())

    def information(self) -> pd.DataFrame:
        """What it is worth to know each input before choosing, most valuable first; rank 0 is
        everything together."""
        return value_of_information(self)

    def reversal_map(self) -> pd.DataFrame:
        """The cheapest option at each volume and load factor."""
        return reversal_map.reversal_map(self)

    def flips(self) -> list[Flip]:
        """What would make another option the cheapest, nearest first."""
        return nearest_flips(self)

    def tornado(self) -> pd.DataFrame:
        """What each uncertain input alone does to the winner's advantage over the yardstick, widest
        swing first."""
        return advice.advice_tornado(self)

    def export_bill(self) -> Reconciliation | None:
        """The bill of the client's export at list prices against its reported cost and the invoice;
        None without an export to price."""
        return exports.export_bill(self)

    def verdict(self) -> dict[str, Any]:
        """The answer in sentences, with its gates, reasons, flips and confidence."""
        return verdict(self)

    def record(self) -> dict[str, Any]:
        """Everything that a report shows, as plain data."""
        return results.record(self)

    @property
    def fingerprint(self) -> str:
        """Hash of the resolved inputs, the load and the candidate rows: the same fingerprint, the
        same answer."""
        return results.fingerprint(self)


def open_study(
    client: str, as_of: str = "", what_if: Mapping[str, Any] | str | None = None
) -> Study:
    """The study of a client: the name of an example, or the path of a folder with a client.yaml.

    as_of    another day than the file's, as 2026-11-15; prices in force on that day are used
    what_if  dotted client-file paths to values, as a mapping or as JSON text
    Remembered by content: when the client file, a file that it names or the kit's data changed, it
    is a new study. Raises InputError, which names file, field and cure.
    """
    return opened_case(Study, client, as_of, what_if)
