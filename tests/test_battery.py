"""The full battery is one command; here its smallest size."""

import subprocess
import sys
from pathlib import Path

import pytest

from llmcost.batch import batch

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(not batch.HAS_FORK, reason="the battery reads /proc and kills")
def test_the_small_battery_holds():
    words = [sys.executable, "benchmarks/battery.py", "batch", "fuzz", "--small"]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "1 reports of 1 whole clients, 8 one-line errors of 8 broken in 8 ways, exit 1, 0 names"
        in done.stdout
    )
