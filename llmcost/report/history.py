"""The report that is there already: whether it is whole, and what changed since."""

from collections.abc import Iterable
from pathlib import Path

from llmcost.inputs.errors import InputError
from llmcost.report.records import Record, read_record
from llmcost.study.wording import usd

FIRST = "first report"


def published_record(folder: Path) -> Record | None:
    """The record of a published report; None where there is none that can be read."""
    try:
        return read_record(folder)
    except InputError:
        return None


def is_whole(folder: Path, notebooks: Iterable[str]) -> bool:
    """Whether a published report still has all its files, and none is empty, as a power cut may
    leave it."""
    parts = [
        folder / part
        for part in ("report.html", *(f"notebooks/{name}.ipynb" for name in notebooks))
    ]
    return all(part.is_file() and part.stat().st_size for part in parts)


def since_last_time(previous: Record | None, record: Record) -> str:
    """One line beside the report of an earlier day; made again for the same day, a report keeps its
    line.

    previous  the record of the report that this one replaces; without one this is the first
    """
    if previous is None:
        return FIRST
    if previous.as_of_date >= record.as_of_date:
        return previous.verdict.since_last_time or FIRST
    before_usd_per_month = previous.advised_total.typical
    change = usd(record.advised_total.typical - before_usd_per_month, signed=True)
    is_same = previous.verdict.option == record.verdict.option
    advice = "the same advice" if is_same else f"the advice was: {previous.verdict.answer}"
    return f"{previous.as_of_date}: {advice}, {usd(before_usd_per_month)} a month ({change} since)"
