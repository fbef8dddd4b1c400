"""The command line: `llmcost new`, `usage`, `report`, `audit`, `accuracy`, `notebooks`.

Exit codes: 0 everything asked for is there; 1 some clients failed and the others are published; 2 nothing could run;
3 an error of ours; 130 interrupted.
"""

import argparse
import difflib
import io
import os
import shlex
import sys
import time
import traceback
from pathlib import Path

from llmcost.inputs.errors import InputError
from llmcost.inputs.paths import data_path
from llmcost.reporting.errors import ReportError

PROGRAM = os.environ.get("LLMCOST_PROGRAM", "llmcost")
"""How this command was called, for messages: run.py names itself here."""


def shown(text: object) -> str:
    """One line of a message, with nothing in it that a terminal would obey: names of files and columns may hold anything."""
    from llmcost.views.text import visible

    return visible(text)


class UsageError(Exception):
    """Something on the command line cannot be done. The text is for a person."""


def main(words: list[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows may know no arrow
            stream.reconfigure(errors="replace")
    arguments = parser().parse_args(words)
    try:
        return arguments.command(arguments)
    except KeyboardInterrupt:
        print("Interrupted. Nothing half-written is left.", file=sys.stderr)
        return 130
    except (UsageError, InputError) as error:
        print(shown(error), file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(shown(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or error), file=sys.stderr)
        return 2
    except Exception as error:
        if str(error) == "Query interrupted":  # DuckDB's own word for Ctrl-C
            print("Interrupted. Nothing half-written is left.", file=sys.stderr)
            return 130
        traceback.print_exc()
        print("This is an error of ours, not of your files.", file=sys.stderr)
        return 3


def parser() -> argparse.ArgumentParser:
    """The words of the command line."""
    top = argparse.ArgumentParser(prog=PROGRAM, description="Should you host your own model? A report per client.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    new_command = commands.add_parser("new", help="write a commented client file to fill in")
    new_command.add_argument("folder", metavar="DIR", type=Path, help="the client's new folder")
    new_command.add_argument("--usage", metavar="FILE", nargs="+", help="fill in what a usage export says, and leave the rest as questions")
    new_command.set_defaults(command=new)
    report_command = commands.add_parser("report", help="make the reports of clients (default: all)")
    report_command.add_argument("clients", metavar="CLIENT", nargs="*", help="a client's short name, or its folder")
    report_command.add_argument("--clients", dest="root", metavar="DIR", type=Path, help="where client folders are (default: the examples)")
    report_command.add_argument("--out", metavar="DIR", type=Path, default=Path("reports"), help="where reports go (default: %(default)s)")
    report_command.add_argument(
        "--engine",
        choices=["fork", "papermill"],
        help="papermill: a real kernel per notebook (default where there is no fork)",
    )
    report_command.add_argument("--jobs", metavar="N", type=positive, help="clients at a time (default and most: the processor's cores)")
    report_command.set_defaults(command=report)
    audit_command = commands.add_parser("audit", help="follow a figure of a client's report to its formula, inputs and sources")
    audit_command.add_argument("client", metavar="CLIENT", help="a client's short name, or its folder")
    audit_command.add_argument("key", metavar="KEY", nargs="?", default="", help="the figure; left out: all figures with their keys")
    audit_command.set_defaults(command=audit)
    usage_command = commands.add_parser("usage", help="what a usage export says: period, coverage, models, tokens, bill")
    usage_command.add_argument("files", metavar="FILE", nargs="+", help="an export, or its parts; with --sql the name of a format")
    usage_command.add_argument("--time-zone", metavar="ZONE", default="", help="of times that carry none: Europe/Berlin")
    usage_command.add_argument("--out", metavar="HOURLY.csv", type=Path, help="write the hourly table too")
    usage_command.add_argument("--sql", metavar="DIALECT", help="print the hourly table as a query for a warehouse: spark, bigquery, ...")
    usage_command.add_argument("--table", metavar="NAME", default="", help="with --sql: the log's table (default: the format's name)")
    usage_command.set_defaults(command=usage)
    notebooks_command = commands.add_parser("notebooks", help="run the committed notebooks again, in place")
    notebooks_command.set_defaults(command=notebooks)
    accuracy_parser = commands.add_parser("accuracy", help="how far the throughput model is from what was measured")
    accuracy_parser.add_argument("--markdown", action="store_true", help="as the README's section")
    accuracy_parser.set_defaults(command=accuracy)
    return top


def positive(text: str) -> int:
    """A whole number from 1 on, as argparse wants to hear it."""
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of clients")
    return int(text)


def new(arguments: argparse.Namespace) -> int:
    """Write a client file to fill in, and the schema that lets editors complete it; never over one that is there."""
    target = arguments.folder / "client.yaml"
    if target.exists():
        raise UsageError(f"{target} is already there; choose another folder")
    if arguments.folder.exists() and not arguments.folder.is_dir():
        raise UsageError(f"{arguments.folder}: is a file; name a new folder")
    from llmcost.reporting import new_client

    questions: list[str] = []
    if arguments.usage:
        from llmcost.inputs.usage import usage_table

        files = [existing_file(name) for name in arguments.usage]
        _, questions = new_client.write_from_usage(arguments.folder, files, usage_table(files))
    else:
        new_client.write_empty(arguments.folder)
    for number, question in enumerate(questions, 1):
        print(f"{number}. {question}")
    print(f"{'Answer these in' if questions else 'Fill in'} {target}, then: {PROGRAM} report {shlex.quote(str(arguments.folder))}")
    return 0


def report(arguments: argparse.Namespace) -> int:
    """Make the reports."""
    started = time.monotonic()
    clients = client_folders(arguments.clients, arguments.root or data_path("clients"))
    from llmcost.reporting import batch  # half a second of imports, only for this command

    engine = arguments.engine or batch.DEFAULT_ENGINE
    if engine == "fork" and not batch.HAS_FORK:
        raise UsageError("There is no dependable fork on this system: leave --engine out")
    try:
        failed = batch.report_clients(clients, arguments.out, engine, arguments.jobs)
    except ReportError as error:
        raise UsageError(str(error)) from None
    seconds = time.monotonic() - started
    print(f"{len(clients) - len(failed)} of {len(clients)} reports in {seconds:.1f} s: {arguments.out / 'index.html'}")
    return 1 if failed else 0


def client_folders(asked: list[str], root: Path) -> list[Path]:
    """The folders asked for, by short name in `root` or by path; without any, all of `root`."""
    if not root.is_dir():
        raise UsageError(f"{root}: there is no such folder of clients")
    known = {path.parent.name: path.parent for path in sorted(root.glob("*/client.yaml"))}
    if not asked and not known:
        raise UsageError(f"{root}: no folder in it has a client.yaml; `{PROGRAM} new {root}/NAME` writes one")
    folders = [known.get(name) or folder_at(name, known) for name in asked or known]
    return list(dict.fromkeys(folders))


def folder_at(text: str, known: dict[str, Path]) -> Path:
    """The client folder at a path; UsageError with the nearest names where there is none."""
    path = Path(text)
    if (path / "client.yaml").is_file():
        return path
    near = difflib.get_close_matches(text, known, n=3, cutoff=0.5)
    cure = f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(known) or 'none'}."
    raise UsageError(f"{text!r} is no known client and no folder with a client.yaml. {cure}")


def usage(arguments: argparse.Namespace) -> int:
    """Read an export and say what it holds."""
    from llmcost.inputs.usage import usage_format, usage_table
    from llmcost.inputs.usage.warehouse import warehouse_sql
    from llmcost.reporting.usage_text import usage_text
    from llmcost.reporting.whole_files import write_whole

    if arguments.sql is None and arguments.table:
        raise UsageError("--table names the table of a query: give --sql DIALECT too")
    if arguments.sql is not None:
        if len(arguments.files) > 1:
            raise UsageError("With --sql name one format: usage litellm_spend_logs --sql spark")
        if arguments.out or arguments.time_zone:
            raise UsageError("--sql prints a query and reads no file: leave --out and --time-zone out")
        print(warehouse_sql(usage_format(arguments.files[0]), arguments.sql, arguments.table))
        return 0
    files = [existing_file(name) for name in arguments.files]
    if arguments.out:
        check_out(arguments.out, files)
    try:
        table = usage_table(files, zone=arguments.time_zone)
    except InputError as error:
        zone = error.field == "time_zone"
        raise InputError("--time-zone", "", error.problem, error.cure) if zone else error from None
    print(usage_text(table))
    if arguments.out:
        write_whole(arguments.out, table.hourly.to_csv(index=False, lineterminator="\n"))
        print(f"\nHourly table: {arguments.out}")
    return 0 if not table.hourly.empty else 1


def audit(arguments: argparse.Namespace) -> int:
    """Print what a figure is made of."""
    from llmcost.reporting import audit
    from llmcost.study.study import open_study

    study = open_study(arguments.client)
    print(audit.chain_text(study, arguments.key) if arguments.key else audit.keys_text(study))
    return 0


def existing_file(name: str) -> Path:
    """The file of that name; UsageError where there is none."""
    if name.encode("utf-8", "replace").decode() != name:
        raise UsageError(f"{name.encode('utf-8', 'replace').decode()}: has a name that is not UTF-8; rename it")
    if Path(name).is_dir():
        raise UsageError(f"{name}: is a folder; name the files in it, {name.rstrip('/')}/*")
    if not Path(name).is_file():
        raise UsageError(f"{name}: {'is no plain file; save it as one' if Path(name).exists() else 'there is no such file'}")
    return Path(name)


def check_out(out: Path, files: list[Path]) -> None:
    """Refuse, before the work, what cannot be written to or must not be written over."""
    if out.is_dir() or not out.parent.is_dir():
        raise UsageError(f"{out}: {'is a folder' if out.is_dir() else f'there is no folder {out.parent}'}; --out wants the name of a file")
    if out.exists() and any(out.samefile(file) for file in files):
        raise UsageError(f"{out}: is the export itself; give --out another name")


def notebooks(_arguments: argparse.Namespace) -> int:
    """Run the committed notebooks again where they are."""
    from llmcost.reporting import committed

    for path in committed.execute_all():
        print(path.name)
    return 0


def accuracy(arguments: argparse.Namespace) -> int:
    """Print the accuracy ledger."""
    from llmcost.reporting import accuracy

    print(accuracy.markdown() if arguments.markdown else accuracy.text())
    return 0
