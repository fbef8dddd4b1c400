"""The index of all clients: what each published report says, and which client has no new one."""

import json
import os
from pathlib import Path
from typing import Any

from markupsafe import Markup

from llmcost.reporting.page import brand_colour, tools

INDEX_MARK = "Reports: should you host your own model?"
"""The title by which an index of ours is known; another index.html is left alone."""


def write_index(out_dir: Path, failed: dict[str, str]) -> None:
    """Write index.html from the results of every report in `out_dir`, replaced in one step."""
    clients = [line(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(out_dir.glob("*/results.json"))]
    environment = tools()[0]
    style = Markup(environment.get_template("report.css").render(brand=brand_colour({})))
    html = environment.get_template("index.html").render(title=INDEX_MARK, clients=clients, failed=failed, style=style)
    aside = out_dir / ".index.html"
    aside.write_text(html + "\n", encoding="utf-8", newline="\n")
    os.replace(aside, out_dir / "index.html")


def line(results: dict[str, Any]) -> dict[str, Any]:
    """One client's line of the index."""
    verdict = results["verdict"]
    options = {option["id"]: option for option in results["options"]}
    chosen = options.get(verdict.get("option"), {})
    return {
        **{key: results.get(key) for key in ("slug", "name", "as_of_date")},
        "answer": verdict["answer"],
        "option": chosen.get("label", ""),
        "today": typical(options.get("today", {})),
        "typical": typical(chosen),
        "versus_today": chosen.get("versus_today_usd_per_month"),
        "confidence": (verdict.get("confidence") or {}).get("level", ""),
    }


def typical(option: dict[str, Any]) -> float | None:
    """An option's typical USD per month, None where it has no price."""
    return (option.get("total_usd_per_month") or {}).get("typical")
