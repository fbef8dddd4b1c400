"""The report that is there already: whether it is whole, and what changed since."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmcost.study.wording import usd

FIRST = "first report"


def published_results(folder: Path) -> dict[str, Any] | None:
    """What results.json of a published report holds; None where there is none that can be read."""
    try:
        results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return results if isinstance(results, dict) else None


def is_whole(folder: Path, notebooks: Iterable[str]) -> bool:
    """Whether a published report still has all its files, and none is empty, as a power cut may leave it."""
    parts = [folder / part for part in ("report.html", *(f"notebooks/{name}.ipynb" for name in notebooks))]
    return all(part.is_file() and part.stat().st_size for part in parts)


def since_last_time(previous: Mapping[str, Any] | None, results: Mapping[str, Any]) -> str:
    """One line beside the report of an earlier day; made again for the same day, a report keeps its line.

    previous  what the report that this one replaces holds; a missing or unreadable one makes this the first
    """
    try:
        day, verdict = str(previous["as_of_date"]), previous["verdict"]  # type: ignore[index]
        before = advised_usd_per_month(previous)  # type: ignore[arg-type]
    except (ValueError, KeyError, TypeError, StopIteration):
        return FIRST
    if day >= results["as_of_date"]:
        return str(verdict.get("since_last_time", FIRST))
    change = usd(advised_usd_per_month(results) - before, signed=True)
    same = "the same advice" if verdict["option"] == results["verdict"]["option"] else f"the advice was: {verdict['answer']}"
    return f"{day}: {same}, {usd(before)} a month ({change} since)"


def advised_usd_per_month(results: Mapping[str, Any]) -> float:
    """The typical bill of the advised option."""
    return next(float(o["total_usd_per_month"]["typical"]) for o in results["options"] if o["id"] == results["verdict"]["option"])
