"""The verdict's notebook alone, cut to what a report cannot do without: a real study, built in
about a second."""

import json

from llmcost.inputs.paths import notebooks_path

OPEN = (
    "import llmcost as lc\nfrom llmcost import views\nstudy = lc.open_study(client, as_of,"
    " what_if)\nverdict = study.verdict()"
)


def write_small_notebooks(folder):
    """Write it into a folder; returns the folder."""
    path = notebooks_path() / "05_verdict.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    parameters, results = (
        next(c for c in notebook["cells"] if tag in c["metadata"].get("tags", []))
        for tag in ("parameters", "results")
    )
    opening = {
        "cell_type": "code",
        "id": "open",
        "metadata": {"tags": ["report"]},
        "outputs": [],
        "execution_count": None,
        "source": OPEN,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / path.name).write_text(
        json.dumps(notebook | {"cells": [parameters, opening, results]}), encoding="utf-8"
    )
    return folder
