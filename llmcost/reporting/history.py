"""What changed since the report that this one replaces."""

import json
from pathlib import Path
from typing import Any

from llmcost.study.wording import usd

FIRST = "first report"


def since_last_time(published: Path, results: dict[str, Any]) -> str:
    """One line beside the report of an earlier day; made again for the same day, a report keeps its line.

    published  the results.json that this report will replace; a missing or unreadable one makes this the first
    """
    try:
        previous = json.loads(published.read_text(encoding="utf-8"))
        day, verdict = str(previous["as_of_date"]), previous["verdict"]
        before = advised_usd_per_month(previous)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return FIRST
    if day >= results["as_of_date"]:
        return str(verdict.get("since_last_time", FIRST))
    change = usd(advised_usd_per_month(results) - before, signed=True)
    same = "the same advice" if verdict["option"] == results["verdict"]["option"] else f"the advice was: {verdict['answer']}"
    return f"{day}: {same}, {usd(before)} a month ({change} since)"


def advised_usd_per_month(results: dict[str, Any]) -> float:
    """The typical bill of the advised option."""
    return next(float(o["total_usd_per_month"]["typical"]) for o in results["options"] if o["id"] == results["verdict"]["option"])
