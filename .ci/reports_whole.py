"""Has every client a whole report? Words: folder of clients, folder of reports, what the report
command printed."""

import json
import sys
from pathlib import Path

clients, reports, printed = (Path(word) for word in sys.argv[1:])


def missing_parts(client):
    """What the report of one client lacks, in words."""
    folder = reports / client
    if not (folder / "report.html").exists():
        return ["report.html"]
    missing = []
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    if not results["verdict"]["sentence"]:
        missing.append("a verdict in results.json")
    if f"\n{client}: " not in "\n" + printed.read_text(encoding="utf-8"):
        missing.append("its verdict on the terminal")
    notebooks = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("0*.ipynb"))
    ]
    if len(notebooks) != 5:
        missing.append(f"notebooks ({len(notebooks)} of 5)")
    cells = [
        cell for notebook in notebooks for cell in notebook["cells"] if cell["cell_type"] == "code"
    ]
    if any(cell["source"] and not cell["execution_count"] for cell in cells):
        missing.append("a cell's execution")
    if any(output["output_type"] == "error" for cell in cells for output in cell["outputs"]):
        missing.append("a cell without an error")
    return missing


slugs = sorted(path.parent.name for path in clients.glob("*/client.yaml"))
failures = {slug: missing for slug in slugs if (missing := missing_parts(slug))}
if not (reports / "index.html").exists():
    failures["index"] = ["index.html"]
for name, missing in failures.items():
    print(f"{name}: without {', '.join(missing)}")
print(f"reports: {len(slugs) - len(failures.keys() & set(slugs))} of {len(slugs)} whole")
sys.exit(bool(failures) or not slugs)
