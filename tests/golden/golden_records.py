"""The golden records: every figure of some clients as it was when somebody last looked."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from golden_notebooks import shown_by_notebooks
from golden_plain import column, plain, text

from llmcost.inputs.paths import data_path
from llmcost.study import Study, open_study
from llmcost.study.audit.figures import figures
from llmcost.study.results import record

HERE = Path(__file__).parent
RECORDS, CLIENTS = HERE / "records", HERE / "clients"
DRAWS_COUNT, FIRST_COUNT = 300, 3
MOVES_WITH_THE_MACHINE = {"versions"}


def client_folders() -> dict[str, Path]:
    """Name -> folder of every client that is held: the examples, and those made up for this."""
    found = [*data_path("clients").glob("*/client.yaml"), *CLIENTS.glob("*/client.yaml")]
    folders = {path.parent.name: path.parent for path in found}
    return {name: folders[name] for name in sorted(folders)}


def record_paths(client: str) -> dict[str, Path]:
    """Part -> file of a client's record."""
    return {part: RECORDS / client / f"{part}.json" for part in ("study", "notebooks")}


def recorded(client: str) -> dict[str, Any]:
    """What was recorded of a client; a part without a file is empty."""
    return {
        part: json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        for part, path in record_paths(client).items()
    }


def made(folder: Path) -> dict[str, Any]:
    """What the code makes of a client now."""
    study = open_study(str(folder))
    found = {"study": of_study(study), "notebooks": shown_by_notebooks(str(folder))}
    return json.loads(text(found))


def of_study(study: Study) -> dict[str, Any]:
    """The study's own record, the audit's figures, the draws, and every plan and host tried."""
    kept = {key: value for key, value in record(study).items() if key not in MOVES_WITH_THE_MACHINE}
    return {
        "record": plain(kept),
        "values": plain(dict(study.values)),
        "audit": {key: _followed(figure) for key, figure in figures(study).items()},
        "draws": {option: _drawn(usd) for option, usd in study.draws(DRAWS_COUNT).items()},
        "plans": _by_workload(study.candidates()),
        "hosts": _by_workload(study.hosts()),
    }


def _followed(figure: Any) -> dict[str, Any]:
    """A figure of the audit: its name, its unit, and its value or what its values come to."""
    many = np.ndim(figure.value) > 0
    value = column(pd.Series(np.ravel(figure.value))) if many else float(figure.value)
    return {"name": figure.name, "unit": figure.unit, "value": plain(value)}


def _drawn(usd: pd.Series) -> dict[str, Any]:
    """An option's bill in the draws; the first ones hold the order in which inputs are drawn."""
    ends = {f"p{share}": float(usd.quantile(share / 100)) for share in (10, 50, 90)}
    return {"mean": float(usd.mean()), **ends, "first": plain(usd.head(FIRST_COUNT).tolist())}


def _by_workload(frame: pd.DataFrame) -> dict[str, Any]:
    """Workload -> what each column of its rows comes to."""
    return {
        str(workload): {"rows_count": len(rows), **{str(name): column(rows[name]) for name in rows}}
        for workload, rows in frame.groupby("workload")
    }
