"""The batch side by side with the plain way and with the floor, in one run.

    python benchmarks/bench_report.py [--clients 100] [--plain 2]

All run the same notebooks, those of which something enters a report, on variations of the example
clients:

plain loop     papermill.execute_notebook on a real kernel, then nbconvert to HTML, one notebook
               after the other in one warm process
real kernels   `llmcost report --engine papermill --jobs 1`
one at a time  `llmcost report --jobs 1`
all cores      `llmcost report`
floor          study, cells and page of each client one after the other in one warm process, nothing
               else; split over the cores

The first three are timed on a few clients, the others on all; seconds per client, start and index
included. Shares are of the processor's seconds in a client's own process: its study, the cells,
what the engine and papermill add to them, the page, the rest.

Printed on two cores for 100 clients: 1.25 s a client, 19.1 times as fast as the plain loop and 1.12
times the floor; 3.8 s for all when nothing changed.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generated_clients import write_whole_client

from llmcost.inputs.paths import PACKAGE, notebooks_path
from llmcost.report.notebook_runs import blank_notebooks

STAGES = ("study", "cells", "engine", "page", "rest")
# The unit of work with clocks around its stages; each process adds its readings to a file.
CLOCKED = """
import sys, time
from llmcost.report import client_report, engine
spent = dict.fromkeys(("study", "cells", "engine", "page"), 0.0)
def clocked(stage, function, inner=None):
    def wrapper(*words, **options):
        started, within = time.process_time(), spent.get(inner, 0)
        try:
            return function(*words, **options)
        finally:
            spent[stage] += time.process_time() - started - (spent.get(inner, 0) - within)
    return wrapper
client_report.llmcost.Study.record = clocked("study", client_report.llmcost.Study.record)
engine.InProcessEngine.run = staticmethod(clocked("cells", engine.InProcessEngine.run))
client_report.executed_notebook = clocked("engine", client_report.executed_notebook, "cells")
client_report.page.render = clocked("page", client_report.page.render)
plain_build = client_report.build_client
def build_client(task):
    spent.update(dict.fromkeys(spent, 0.0))
    started = time.process_time()
    built = plain_build(task)
    whole = time.process_time() - started
    with open(sys.argv[1], "a") as readings:
        rest = whole - sum(spent.values())
        readings.write(" ".join(f"{seconds:.6f}" for seconds in [*spent.values(), rest]) + "\\n")
    return built
client_report.build_client = build_client
"""
COMMAND = (
    "import sys\nfrom llmcost.cli import command_line\n"
    "sys.exit(command_line.main(['report', *sys.argv[1:]]))"
)
BATCH = (
    CLOCKED
    + "from llmcost.cli import command_line\nsys.exit(command_line.main(['report', *sys.argv[2:]]))"
)
FLOOR = (
    CLOCKED
    + """
from pathlib import Path
from llmcost.inputs.paths import notebooks_path
from llmcost.batch import batch
from llmcost.report.fingerprint import Kit
from llmcost.report.notebook_runs import blank_notebooks
kit = Kit.here(blank_notebooks(sorted(notebooks_path().glob("[0-9]*.ipynb"))))
folders = sorted(path.parent for path in Path(sys.argv[2]).glob("*/client.yaml"))
batch.prepare("fork", kit, folders)
for number, folder in enumerate([folders[0], *folders]):
    task = client_report.Task(folder.name, folder, kit, engine.ENGINE_NAME, "")
    (build_client if number else plain_build)(task)  # the first warms up
"""
)
PLAIN = """
import sys, time
import papermill
from nbconvert import HTMLExporter
from pathlib import Path
exporter, started = HTMLExporter(exclude_input=True), time.perf_counter()
for folder in sys.argv[3:]:
    for path in sys.argv[2].split(","):
        out, parameters = f"{sys.argv[1]}.ipynb", {"client": folder}
        notebook = papermill.execute_notebook(path, out, parameters, progress_bar=False)
        Path(f"{sys.argv[1]}.html").write_text(exporter.from_notebook_node(notebook)[0])
Path(sys.argv[1]).write_text(str(time.perf_counter() - started))
"""


def seconds_of(source: str, *words: object) -> float:
    """Seconds that a Python program takes; stops the benchmark if it fails."""
    started = time.perf_counter()
    call = [sys.executable, "-c", source, *map(str, words)]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run(
        call, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    return time.perf_counter() - started


def stage_seconds(readings: Path) -> dict[str, float]:
    """Stage -> processor seconds per client, out of a file of readings."""
    lines = [[float(word) for word in line.split()] for line in readings.read_text().splitlines()]
    return {
        stage: sum(column) / len(lines)
        for stage, column in zip(STAGES, zip(*lines, strict=True), strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--clients", type=int, default=100, help="how many clients (default: %(default)s)"
    )
    parser.add_argument(
        "--plain",
        type=int,
        default=2,
        help="of which the slow ways take so many (default: %(default)s)",
    )
    said = parser.parse_args()
    cores_count, chance = os.cpu_count() or 1, random.Random(1)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for number in range(said.clients):
            write_whole_client(place / "clients" / f"client-{number:03}", number, chance)
        folders = sorted((place / "clients").iterdir())
        few, out = folders[: said.plain], place / "out"
        of_clients = blank_notebooks(sorted(notebooks_path().glob("[0-9]*.ipynb")))
        seconds_of(
            PLAIN,
            place / "plain",
            ",".join(str(notebooks_path() / f"{name}.ipynb") for name in of_clients),
            *few,
        )
        per_client = {"plain loop": float((place / "plain").read_text()) / len(few)}
        slow = seconds_of(
            COMMAND, *few, "--out", out, "--force", "--engine", "papermill", "--jobs", 1
        )
        per_client["real kernels"] = slow / len(few)
        per_client["one at a time"] = seconds_of(
            BATCH, place / "r2", *few, "--out", out, "--force", "--jobs", 1
        ) / len(few)
        per_client["all cores"] = seconds_of(
            BATCH, place / "r3", *folders, "--out", out, "--force"
        ) / len(folders)
        seconds_of(FLOOR, place / "r4", place / "clients")
        again = seconds_of(BATCH, place / "r5", *folders, "--out", out)
        batch, floor = stage_seconds(place / "r3"), stage_seconds(place / "r4")
    per_client["floor"] = sum(floor[stage] for stage in ("study", "cells", "page")) / cores_count
    print(f"{said.clients} clients, {len(few)} of them the slow ways, {cores_count} cores")
    print(f"{'':16}{'s per client':>14}{'times all cores':>18}")
    for way, seconds in per_client.items():
        print(f"{way:16}{seconds:14.2f}{seconds / per_client['all cores']:18.2f}")
    print(
        f"plain loop / all cores: {per_client['plain loop'] / per_client['all cores']:.1f} (wanted:"
        " 15 or more)"
    )
    print(
        f"all cores / floor: {per_client['all cores'] / per_client['floor']:.2f} (wanted: 1.5 or"
        " less)"
    )
    print(f"nothing changed, run again: {again:.1f} s for {said.clients} clients")
    print(f"\n{'CPU s per client':16}" + "".join(f"{stage:>9}" for stage in STAGES))
    for way, stages in (("batch", batch), ("floor, warm", floor)):
        print(f"{way:16}" + "".join(f"{stages[stage]:9.3f}" for stage in STAGES))


if __name__ == "__main__":
    main()
