"""`llmcost report`: which clients, where to, and what is said at the end."""

import argparse
import difflib
import os
import sys
import time
from pathlib import Path

from llmcost.cli.command_words import UsageError, name_of_file, path_named
from llmcost.inputs.paths import data_path
from llmcost.report.failures import ReportError


def add_to(commands: argparse._SubParsersAction, program: str) -> None:
    """Teach the command line the words of this command."""
    command = commands.add_parser(
        "report", help="make the reports of clients (default: all) that are not fresh"
    )
    command.add_argument(
        "clients",
        metavar="CLIENT",
        type=name_of_file,
        nargs="*",
        help="a client's short name, or its folder",
    )
    command.add_argument(
        "--clients",
        dest="root",
        metavar="DIR",
        type=path_named,
        help="where client folders are (default: the examples)",
    )
    command.add_argument(
        "--out",
        metavar="DIR",
        type=path_named,
        default=Path("reports"),
        help="where reports go (default: %(default)s)",
    )
    again = command.add_mutually_exclusive_group()
    again.add_argument(
        "--resume",
        action="store_true",
        help="leave the reports that are fresh (as always without --force)",
    )
    again.add_argument("--force", action="store_true", help="make every report, fresh or not")
    command.add_argument(
        "--pdf",
        action="store_true",
        help="print each report as report.pdf too, with an installed Chromium, Chrome or Edge",
    )
    command.add_argument(
        "--json",
        action="store_true",
        help="print the run's manifest, as in manifest.json, instead of lines",
    )
    command.add_argument(
        "--engine",
        choices=["fork", "papermill"],
        help="papermill: a real kernel per notebook (default where there is no fork)",
    )
    command.add_argument(
        "--jobs",
        metavar="N",
        type=positive,
        help="clients at a time (default and most: the processor's cores)",
    )
    command.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", default="", help="let a Dask cluster make them"
    )
    command.set_defaults(command=lambda arguments: report(arguments, program), needs="batch.batch")


def positive(text: str) -> int:
    """A whole number from 1 on, as argparse wants to hear it."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of clients")
    return int(text)


def report(arguments: argparse.Namespace, program: str) -> int:
    """Make the reports."""
    started = time.monotonic()
    clients = client_folders(arguments.clients, arguments.root or data_path("clients"), program)
    if arguments.scheduler and arguments.jobs:
        raise UsageError(
            "--jobs is for this machine, a cluster has its own number: leave one of --jobs and"
            " --scheduler out"
        )
    from llmcost.batch import batch
    from llmcost.batch.manifest import say

    engine = arguments.engine or batch.DEFAULT_ENGINE
    if engine == "fork" and not batch.HAS_FORK:
        raise UsageError("There is no dependable fork on this system: leave --engine out")
    try:
        failed = batch.report_clients(
            clients,
            arguments.out,
            engine,
            arguments.jobs,
            force=arguments.force,
            scheduler=arguments.scheduler,
            with_pdf=arguments.pdf,
            silent=arguments.json,
        )
    except ReportError as error:
        raise UsageError(str(error)) from None
    if not arguments.json:
        seconds = time.monotonic() - started
        say(
            f"{len(clients) - len(failed)} of {len(clients)} reports in {seconds:.1f} s:"
            f" {arguments.out / 'index.html'}",
            sys.stdout,
        )
    return 1 if failed else 0


def client_folders(asked: list[str], root: Path, program: str) -> list[Path]:
    """The folders asked for, by short name in `root` or by path; without any, all of `root`."""
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such folder of clients")
    known = {folder.name: folder for folder in sorted(root.iterdir()) if is_client(folder)}
    if not asked and not known:
        raise UsageError(
            f"{root}: no folder in it has a client.yaml; `{program} new {root}/NAME` writes one"
        )
    if not asked:
        return list(known.values())
    once: dict[str, Path] = {}
    for name in asked:
        folder = known.get(name) or folder_at(name, known)
        once.setdefault(os.path.realpath(folder), folder)
    return list(once.values())


def is_client(folder: Path) -> bool:
    """Whether this is a client's place: a folder with a client file, or what may have been one, a
    link that leads nowhere."""
    try:
        return "client.yaml" in os.listdir(folder)
    except NotADirectoryError:
        return False
    except OSError:  # a link to nowhere, a folder that nobody may read: its client is to be named
        return not folder.name.startswith(".")


def folder_at(text: str, known: dict[str, Path]) -> Path:
    """The client folder at a path; UsageError with the nearest names where there is none."""
    folder = Path(text)
    if (folder / "client.yaml").is_file():
        return folder
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    cure = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known) or 'none'}."
    raise UsageError(f"{text!r} is no known client and no folder with a client.yaml. {cure}")
