"""Seconds per client: `llmcost report` against a plain loop of papermill and nbconvert commands, stage by stage.

    python benchmarks/bench_report.py [--clients N]

Both run the same notebooks for the same example clients, one run each, in this one command. `start` is what passes before
a notebook's first cell (interpreters, imports, warming up, the chart script), `execute` is the study and the cells (with the
kernel's start, where there is one), `render` is making HTML.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from llmcost.inputs.paths import data_path, notebooks_path

# `llmcost report`, with clocks around its two stages; the clocks' readings survive the children in a file.
CLOCKED = """
import sys, time
from llmcost.reporting import cli, client_report
def clocked(stage, function):
    def wrapper(*arguments):
        started = time.perf_counter()
        try:
            return function(*arguments)
        finally:
            with open(sys.argv[1], "a") as readings:
                readings.write(f"{stage} {time.perf_counter() - started}\\n")
    return wrapper
client_report.answered = clocked("execute", client_report.answered)
client_report.run_notebook = clocked("execute", client_report.run_notebook)
client_report.page.render = clocked("render", client_report.page.render)
sys.exit(cli.main(["report", *sys.argv[2:]]))
"""


def run(*words: object) -> float:
    """Seconds that a command takes; stops the benchmark if it fails."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *map(str, words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - started


def kit_seconds(clients: list[str], folder: Path, jobs: int) -> dict[str, float]:
    """Stage -> seconds, and `total` on the wall; the stages add up to it with one client at a time."""
    readings = folder / "readings.txt"
    total = run("-c", CLOCKED, readings, *clients, "--out", folder / "kit", "--jobs", jobs)
    stages = {"execute": 0.0, "render": 0.0}
    for line in readings.read_text().splitlines():
        stage, seconds = line.split()
        stages[stage] += float(seconds)
    readings.unlink()
    return {"start": total - sum(stages.values())} | stages | {"total": total}


def plain_seconds(clients: list[str], folder: Path) -> dict[str, float]:
    """The same of the plain loop: two commands per notebook."""
    stages = {"start": 0.0, "execute": 0.0, "render": 0.0}
    for client in clients:
        for notebook in sorted(notebooks_path().glob("[0-9]*.ipynb")):
            target = folder / f"{client}-{notebook.name}"
            seconds = run("-m", "papermill", "--no-progress-bar", notebook, target, "-p", "client", client)
            executed = json.loads(target.read_text())["metadata"]["papermill"]["duration"]
            stages["start"] += seconds - executed
            stages["execute"] += executed
            stages["render"] += run("-m", "nbconvert", "--to", "html", "--no-input", target)
    return stages | {"total": sum(stages.values())}


def main() -> None:
    examples = sorted(path.parent.name for path in data_path("clients").glob("*/client.yaml"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=2, help="how many of the example clients (default: %(default)s)")
    clients = examples[: parser.parse_args().clients]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ways = {
            "llmcost report": kit_seconds(clients, folder, jobs=1),
            "papermill + nbconvert": plain_seconds(clients, folder),
        }
        all_examples = kit_seconds(examples, folder, jobs=64)["total"]
    print(f"{len(clients)} clients, one at a time; seconds per client")
    print(f"{'':24}{'total':>8}{'start':>8}{'execute':>9}{'render':>8}")
    for way, seconds in ways.items():
        total = seconds["total"]
        shares = [f"{seconds[stage] / total:.0%}" for stage in ("start", "execute", "render")]
        print(f"{way:24}{total / len(clients):8.2f}{shares[0]:>8}{shares[1]:>9}{shares[2]:>8}")
    ratio = ways["papermill + nbconvert"]["total"] / ways["llmcost report"]["total"]
    print(f"The plain loop takes {ratio:.1f} times as long.")
    print(f"All {len(examples)} examples on all cores: {all_examples / len(examples):.2f} s per client")


if __name__ == "__main__":
    main()
