"""Whether something can be had, and the reasons that speak against it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What is known of an offer, a plan, an option or a rule: from the best to the worst."""

    OK = "ok"
    ASK = "ask"
    UNVERIFIED = "unverified"
    NOT_TESTED = "not tested"
    UNPRICED = "unpriced"
    GATED = "gated"
    INFEASIBLE = "infeasible"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """Its place from the best to the worst."""
        return list(Status).index(self)


class ReasonKind(StrEnum):
    """What a reason is about; the value is the gate that a table of plans shows.

    TERM is a term that the client does not consider, OFFER what an offer itself is. EVIDENCE is a
    measurement that nobody made. RULE is every other rule of the client.
    """

    CONTEXT = "context"
    MEMORY = "memory"
    COMPUTE = "compute"
    LATENCY = "latency"
    EVIDENCE = "evidence"
    PRICE = "price"
    RATE_LIMIT = "rate_limit"
    OFFER = "offer"
    TERM = "term"
    RULE = "rule"


@dataclass(frozen=True)
class Reason:
    """One thing that speaks against an offer, a plan or an option.

    status  what it makes of the thing: ASK is a question that has to be asked first
    words   what a reader is told; no code reads them
    """

    status: Status
    kind: ReasonKind
    words: str


class Judged:
    """What reasons may speak against: the refusal alone, or all that has to be asked."""

    reasons: tuple[Reason, ...]

    @property
    def status(self) -> Status:
        """OK where nothing speaks against it."""
        return self.reasons[0].status if self.reasons else Status.OK

    @property
    def gate(self) -> ReasonKind | None:
        """What the first reason is about; None where nothing speaks against it."""
        return self.reasons[0].kind if self.reasons else None

    @property
    def questions_count(self) -> int:
        """How many things have to be asked before it can be counted on."""
        return sum(reason.status is Status.ASK for reason in self.reasons)

    @property
    def reason(self) -> str:
        """All reasons as a reader is told them; nothing where there are none."""
        return "; ".join(reason.words for reason in self.reasons)


def decisive(found: Iterable[Reason]) -> tuple[Reason, ...]:
    """The first refusal alone; where nothing is refused, every question."""
    reasons = tuple(found)
    refusals = [reason for reason in reasons if reason.status is Status.FAILED]
    return tuple(refusals[:1]) or reasons
