"""What a copy of the tree says after a recipe was acted out on it.

`python recipe_facts.py CALLS` prints the answers of functions below as JSON. CALLS is a JSON list
of calls: a function's name and its arguments.
"""

import datetime as dt
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

import llmcost as lc
from llmcost.cli.audit_text import chain_text
from llmcost.cli.committed_notebooks import executed_text
from llmcost.inputs.catalog import in_force
from llmcost.inputs.paths import data_path, notebooks_path
from llmcost.report import engine
from llmcost.report.fingerprint import Kit
from llmcost.report.notebook_runs import blank_notebooks, executed_notebook
from llmcost.study.assumptions import drawn_values
from llmcost.study.audit.figures import figures
from llmcost.study.bill.draws import drawn_totals
from llmcost.study.fleets.fleet_facts import always_on_fleet
from llmcost.study.fleets.hidden_lines import bill_lines
from llmcost.study.horizon.cash import cash, worst_case_usd
from llmcost.study.horizon.whole_contract import horizon_of
from llmcost.study.names import plain_name
from llmcost.study.uncertainty.line_evidence import evidence

DRAWS = 100
DAY = dt.date(2026, 11, 15)


def bills(client):
    """Option -> item -> USD per month."""
    found = {}
    for option, bill in lc.open_study(client).lines.items():
        found[option] = {line.label: usd for line, usd in bill.items()}
    return found


def owned_gpus(client):
    """GPUs of the owned option that stand, all workloads together."""
    study = lc.open_study(client)
    return sum(
        float(always_on_fleet(study, choice, "owned").standing_replicas)
        * choice.supplies["owned"].plan.gpus_count
        for choice in study.choices
    )


def assumptions(client):
    """Path -> what the study says of the input, and what it is called."""
    rows = lc.open_study(client).assumptions().set_index("path").T.to_dict()
    return {path: row | {"name": plain_name(path)} for path, row in rows.items()}


def moved_by(client, path):
    """How far the draws of an input reach, and how far each option's draws move with them."""
    study = lc.open_study(client)
    typical = study.inputs[path].typical
    still = {**study.inputs, path: replace(study.inputs[path], low=typical, high=typical)}
    moved = study.draws(DRAWS) - drawn_totals(study.decision, still, DRAWS)
    reach = {option: float(np.ptp(usd)) for option, usd in moved.items()}
    return {"the input": float(np.ptp(drawn_values(study.inputs, DRAWS)[path]))} | reach


def chain(client, key):
    """The inputs in which the chain of a figure ends, and the chain as it is printed."""
    study = lc.open_study(client)
    ends = [end.path or end.name for end in figures(study)[key].inputs()]
    return {"ends": ends, "text": chain_text(study, key)}


def owned_chart(client):
    """Item -> group and evidence of each line of owned GPUs; where their bar ends; their total."""
    study = lc.open_study(client)
    frame = bill_lines(study)
    bar = frame[frame["option"] == "owned"].set_index("item")
    known = evidence(study, "owned").set_index("item")
    return {
        "groups": bar["group"].to_dict(),
        "evidence": known[["evidence", "weakest_input"]].T.to_dict("list"),
        "ends": [float(bar["end_usd_per_month"].max()), study.totals["owned"]],
    }


def owned_cash(client):
    """What owned GPUs pay at the start, in the first year, in a month, and if they are given up."""
    study = lc.open_study(client)
    horizon = horizon_of(study)
    paid = cash(study, horizon).set_index("option").loc["owned"]
    columns = ["once_usd", "year_1_usd", "run_rate_usd_per_month"]
    worst = worst_case_usd(study, horizon, "owned")
    return {column: float(paid[column]) for column in columns} | {"worst_case_usd": worst}


def recorded(client):
    """Items of each option, paths of the inputs, and rows of the catalog in a report's record."""
    record = lc.open_study(client).record()
    items = {each["id"]: [line["item"] for line in each["lines"]] for each in record["options"]}
    paths = [row["path"] for row in record["inputs"]]
    return {"items": items, "paths": paths, "rows": record["catalog_rows_used"]}


def options(client):
    """Option -> label, status and USD per month."""
    rows = lc.open_study(client).options().set_index("option")
    return rows[["label", "status", "usd_per_month"]].T.to_dict("list")


def host(client, as_of):
    """The row of the host that sells the open model, and its price of input."""
    offer = lc.open_study(client, as_of).choices[0].host.offer
    return [offer.row, offer.prices.input_usd_per_mtok]


def rows(table):
    """The rows of a catalog table that are in force."""
    return in_force(table, DAY).to_dict("records")


def fingerprint(client):
    """The fingerprint of a client's report made now."""
    return Kit.here({}).fingerprint(Path(client), [], DAY.isoformat())


def reprice(table, old, new):
    """Change a price in a catalog table."""
    path = data_path("catalog", f"{table}.csv")
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")


def execute(name):
    """Execute a notebook of the copy as `run.py notebooks` does, and put it in its place."""
    path = notebooks_path() / f"{name}.ipynb"
    path.write_text(executed_text(path), encoding="utf-8")


def shown_to(client, name, cell_id):
    """What a cell of a notebook shows a client."""
    engine.register()
    blank = blank_notebooks([notebooks_path() / f"{name}.ipynb"])[name]
    notebook = executed_notebook(name, blank, client, client, engine.ENGINE_NAME)
    return next(cell.outputs for cell in notebook.cells if cell.id == cell_id)


if __name__ == "__main__":
    calls = json.loads(sys.argv[1])
    print(json.dumps([globals()[name](*arguments) for name, *arguments in calls]))
