"""What an option pays, and when: bills as they come, one-offs at the start, hardware when it is
bought, its resale at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from llmcost.model.horizon import hardware_cash, present_value_usd
from llmcost.model.overhead import capital_usd_per_month
from llmcost.model.types import HardwareCash
from llmcost.study.assumptions import Values
from llmcost.study.case import Case
from llmcost.study.fleets.fleet_facts import hardware_usd_by_gpu
from llmcost.study.formulas.fleet_costs import gpu_capital
from llmcost.study.graph import Timing
from llmcost.study.horizon.months import DISCOUNT
from llmcost.study.lines import AnyLine


@dataclass(frozen=True)
class Flows:
    """One option over the contract, USD, arrays of draws by months.

    lines     every line of its bill, as the table of options has it
    once_usd  paid once, at the start of the month; `hardware` likewise, and what is sold of it at a
              month's end
    exit_usd  what leaving costs at that month's end besides hardware and commitments; paid at the
              end of the contract
    """

    lines: Mapping[AnyLine, np.ndarray] = field(repr=False)
    once_usd: np.ndarray = field(repr=False)
    exit_usd: np.ndarray = field(repr=False)
    hardware: HardwareCash = field(repr=False)

    @property
    def bill_usd_per_month(self) -> np.ndarray:
        """The option's whole bill: one-offs spread, hardware as its capital line."""
        return np.sum(list(self.lines.values()), axis=0)

    @property
    def running_usd(self) -> np.ndarray:
        """What is really paid in a month besides one-offs and hardware."""
        running = [usd for line, usd in self.lines.items() if line.timing is Timing.RUNNING]
        return np.sum(running, axis=0) if running else np.zeros(self.once_usd.shape)

    @property
    def cash_usd(self) -> np.ndarray:
        """Money out in each month; what the hardware is still worth at the end is not in it."""
        return (
            self.once_usd
            + self.hardware.bought_usd
            + self.running_usd
            + self.leaving_usd
            - self.hardware.sold_usd
        )

    @property
    def leaving_usd(self) -> np.ndarray:
        """What leaving costs, by month: nothing until the end of the contract."""
        leaving = np.zeros(self.exit_usd.shape)
        leaving[..., -1] = self.exit_usd[..., -1]
        return leaving

    def present_value_usd(self, discount_fraction_per_year: float | np.ndarray) -> np.ndarray:
        """Today's value of everything paid over the contract, hardware taken back at its book
        value: USD, one per draw."""
        ends = self.running_usd + self.leaving_usd - self.hardware.sold_usd
        ends[..., -1] -= self.hardware.book_usd[..., -1]
        return present_value_usd(
            self.once_usd + self.hardware.bought_usd, ends, discount_fraction_per_year
        )


def paid_as(
    bill: Mapping[AnyLine, np.ndarray], timing: Timing, shape: tuple[int, ...] = ()
) -> np.ndarray:
    """The lines of a bill that are paid at one time, added up."""
    paid = [usd for line, usd in bill.items() if line.timing is timing]
    return sum(paid, np.zeros(shape))


def flows(
    case: Case, lines: Mapping[str, Mapping[AnyLine, np.ndarray]], values: Values
) -> dict[str, Flows]:
    """Each option's payments, from its bills by month and the inputs that they were made of."""
    return {option: _flows(case, option, bill, values) for option, bill in lines.items()}


def _flows(case: Case, option: str, bill: Mapping[AnyLine, np.ndarray], values: Values) -> Flows:
    shape, months = next(iter(bill.values())).shape, case.decision.horizon_months
    spread = paid_as(bill, Timing.ONCE, shape)
    once = np.diff(np.maximum.accumulate(spread, axis=-1), prepend=0.0, axis=-1) * months
    leaving = paid_as(bill, Timing.LEAVING, shape) * months
    return Flows(bill, once, leaving, _hardware(case, option, bill.get(gpu_capital), values, shape))


def _hardware(
    case: Case, option: str, capital: np.ndarray | None, values: Values, shape: tuple[int, ...]
) -> HardwareCash:
    """Purchases behind the capital line. Where an option has several kinds of GPU, their shares of
    the first purchase weigh the resale."""
    if capital is None or not np.any(capital):
        return HardwareCash(*(np.zeros(shape) for _ in range(4)))
    first = hardware_usd_by_gpu(case, option)
    total = sum(first.values())
    weights = {gpu_id: usd / total if total else 1 / len(first) for gpu_id, usd in first.items()}
    resale = sum(
        weight * np.asarray(values[f"gpu_purchase.{gpu_id}.resale_fraction"])
        for gpu_id, weight in weights.items()
    )
    life = values["hidden_costs.owned_life_months"]
    of_one_usd = np.broadcast_to(
        capital_usd_per_month(1.0, resale, life, values[DISCOUNT]), capital.size
    ).reshape(shape)
    share, lasts = (np.broadcast_to(x, capital.size).reshape(shape)[:, 0] for x in (resale, life))
    return hardware_cash(capital / of_one_usd, share, lasts)
