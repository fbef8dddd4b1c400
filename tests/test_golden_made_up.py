"""Every figure of the made-up clients is as recorded: see CONTRIBUTING, "Golden records"."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent / "golden"))
from golden_differences import differences, told
from golden_notebooks import STOPS
from golden_plain import text
from golden_records import CLIENTS, client_folders, made, recorded

MADE_UP = [name for name, folder in client_folders().items() if folder.parent == CLIENTS]
NO_REPORT_YET: set[str] = set()
"""Notebook 01 stops where one workload is answered today and another is not."""
ROOT = Path(__file__).parents[1]
PRINTED = """
import sys
sys.path[:0] = sys.argv[1:3]
from golden_plain import text
from golden_records import client_folders, made
sys.stdout.buffer.write(text(made(client_folders()[sys.argv[3]])).encode())
"""


@pytest.mark.parametrize("client", MADE_UP)
def test_every_figure_of_a_made_up_client_is_as_recorded(client):
    found = differences(recorded(client), made(client_folders()[client]))
    if found:
        pytest.fail(told(found, client), pytrace=False)


@pytest.mark.parametrize("client", client_folders())
def test_every_notebook_of_a_client_runs_to_its_end(client):
    notebooks = recorded(client)["notebooks"]
    stopped = {name: shown[STOPS] for name, shown in notebooks.items() if STOPS in shown}
    assert bool(stopped) == (client in NO_REPORT_YET), stopped


def test_a_record_depends_on_no_machine_and_no_folder(tmp_path):
    client = "export-and-invoice"
    elsewhere = {"PYTHONHASHSEED": "7", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}
    folders = [str(ROOT), str(ROOT / "tests" / "golden")]
    command = [sys.executable, "-c", PRINTED, *folders, client]
    env = os.environ | elsewhere
    run = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=True)
    assert run.stdout.decode("utf-8") == text(made(client_folders()[client]))
