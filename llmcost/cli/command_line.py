"""The command line: `llmcost new`, `usage`, `report`, `audit`, `formulas`, `accuracy`,
`notebooks`.

Exit codes: 0 everything asked for is there; 1 some clients failed and the others are published; 2
nothing could run; 3 an error of ours; 130 interrupted.
"""

import argparse
import contextlib
import importlib
import io
import os
import shlex
import sys
from pathlib import Path

from llmcost import leaving
from llmcost.cli import report_command
from llmcost.cli.command_words import UsageError, name_of_file, path_named
from llmcost.inputs.errors import InputError
from llmcost.report.failures import OURS, as_problem, shown

PROGRAM = os.environ.get("LLMCOST_PROGRAM", "llmcost")
"""How this command was called, for messages: run.py names itself here."""


def main(words: list[str] | None = None) -> int:
    """Run one command; returns its exit code. An ImportError is for `__main__`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a pipe on Windows may know no arrow
            stream.reconfigure(errors="replace")
    try:
        arguments = parser().parse_args(words)
    except UsageError as error:
        say(shown(error))
        return 2
    load(arguments.needs)
    interruptible = leaving.Interruptible()
    try:
        with interruptible:
            return done(arguments)
    except BaseException as error:  # a panic in an extension module is no Exception
        if interruptible.was_heard or isinstance(error, KeyboardInterrupt):
            say(leaving.LINE)
            return leaving.EXIT_CODE
        return failed(error, about(arguments))


def load(name: str) -> None:
    """Import what a command needs: most of a second, in which a signal ends all at once.
    ImportError, whatever is damaged."""
    try:
        importlib.import_module(f"llmcost.{name}")
    except Exception as error:  # a file cut short is a SyntaxError, or an EOFError
        raise ImportError(f"{type(error).__name__}: {error}") from error


def done(arguments: argparse.Namespace) -> int:
    """Do what was asked for; returns its exit code, once all is said and no temporary folder is
    left."""
    from llmcost.inputs.temporary import clear_left_behind

    clear_left_behind()
    try:
        code = arguments.command(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    finally:
        clear_left_behind()  # of a client's process that was killed


def failed(error: BaseException, file: str) -> int:
    """Say what has gone wrong with the file; returns the exit code for it."""
    if isinstance(error, SystemExit | ImportError):
        raise error
    if isinstance(error, BrokenPipeError):  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, UsageError):
        say(shown(error))
        return 2
    problem = as_problem(error, file)
    say(str(problem))
    for note in getattr(problem, "__notes__", []):
        say(note)
    return 3 if problem.code == OURS else 2


def say(text: str) -> None:
    """Print to whoever watches, if anybody still does."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr, flush=True)


def about(arguments: argparse.Namespace) -> str:
    """The file that a command is about, for messages."""
    said = vars(arguments)
    if "client" in said:
        return f"{said['client']}/client.yaml"
    return ", ".join(said.get("files") or said.get("usage") or [])


def parser() -> argparse.ArgumentParser:
    """The words of the command line."""
    top = argparse.ArgumentParser(
        prog=PROGRAM, description="Should you host your own model? A report per client."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    new_command = commands.add_parser("new", help="write a commented client file to fill in")
    new_command.add_argument(
        "folder", metavar="DIR", type=path_named, help="the client's new folder"
    )
    new_command.add_argument(
        "--usage",
        metavar="FILE",
        type=name_of_file,
        nargs="+",
        help="fill in what a usage export says, and leave the rest as questions",
    )
    new_command.set_defaults(command=new, needs="cli.new_client")
    report_command.add_to(commands, PROGRAM)
    audit_command = commands.add_parser(
        "audit", help="follow a figure of a client's report to its formula, inputs and sources"
    )
    audit_command.add_argument(
        "client", metavar="CLIENT", type=name_of_file, help="a client's short name, or its folder"
    )
    audit_command.add_argument(
        "key",
        metavar="KEY",
        nargs="?",
        default="",
        help="the figure; left out: all figures with their keys",
    )
    audit_command.set_defaults(command=audit, needs="cli.audit_text")
    add_formulas_to(commands)
    usage_command = commands.add_parser(
        "usage", help="what a usage export says: period, coverage, models, tokens, bill"
    )
    usage_command.add_argument(
        "files",
        metavar="FILE",
        type=name_of_file,
        nargs="+",
        help="an export, or its parts; with --sql the name of a format",
    )
    usage_command.add_argument(
        "--time-zone", metavar="ZONE", default="", help="of times that carry none: Europe/Berlin"
    )
    usage_command.add_argument(
        "--out", metavar="HOURLY.csv", type=path_named, help="write the hourly table too"
    )
    usage_command.add_argument(
        "--sql",
        metavar="DIALECT",
        help="print the hourly table as a query for a warehouse: spark, bigquery, ...",
    )
    usage_command.add_argument(
        "--table",
        metavar="NAME",
        default="",
        help="with --sql: the log's table (default: the format's name)",
    )
    usage_command.set_defaults(command=usage, needs="cli.usage_text")
    notebooks_command = commands.add_parser(
        "notebooks", help="run the committed notebooks again, in place"
    )
    notebooks_command.set_defaults(command=notebooks, needs="cli.committed_notebooks")
    accuracy_parser = commands.add_parser(
        "accuracy", help="how far the throughput model is from what was measured"
    )
    accuracy_parser.set_defaults(command=accuracy, needs="ledger.accuracy_text")
    return top


def add_formulas_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The words of `llmcost formulas`."""
    formulas_command = commands.add_parser(
        "formulas", help="every formula of the cost math with its unit, meaning, inputs and sources"
    )
    formulas_command.add_argument("--html", action="store_true", help="as a page, not Markdown")
    formulas_command.add_argument(
        "--out", metavar="FILE", type=path_named, help="write it there instead of printing it"
    )
    formulas_command.set_defaults(command=formulas, needs="cli.formulas_text")


def new(arguments: argparse.Namespace) -> int:
    """Write a client file to fill in, and the schema that lets editors complete it; never over one
    that is there."""
    target = arguments.folder / "client.yaml"
    if os.path.lexists(target):
        raise UsageError(f"{target} is already there; choose another folder")
    if os.path.lexists(arguments.folder) and not arguments.folder.is_dir():
        raise UsageError(
            f"{arguments.folder}: is a file, or a link that leads nowhere; name a new folder"
        )
    from llmcost.cli import new_client

    questions: list[str] = []
    if arguments.usage:
        from llmcost.inputs.usage import usage_table

        files = [existing_file(name) for name in arguments.usage]
        _, questions = new_client.write_from_usage(arguments.folder, files, usage_table(files))
    else:
        new_client.write_empty(arguments.folder)
    for number, question in enumerate(questions, 1):
        print(f"{number}. {question}")
    task = "Answer these in" if questions else "Fill in"
    print(f"{task} {target}, then: {PROGRAM} report {shlex.quote(str(arguments.folder))}")
    return 0


def usage(arguments: argparse.Namespace) -> int:
    """Read an export and say what it holds."""
    from llmcost.batch.whole_files import write_whole
    from llmcost.cli.usage_text import usage_text
    from llmcost.inputs.usage import usage_format, usage_table
    from llmcost.inputs.usage.warehouse import warehouse_sql

    if arguments.sql is None and arguments.table:
        raise UsageError("--table names the table of a query: give --sql DIALECT too")
    if arguments.sql is not None:
        if len(arguments.files) > 1:
            raise UsageError("With --sql name one format: usage litellm_spend_logs --sql spark")
        if arguments.out or arguments.time_zone:
            raise UsageError(
                "--sql prints a query and reads no file: leave --out and --time-zone out"
            )
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
    from llmcost.cli import audit_text
    from llmcost.study.study import open_study

    study = open_study(arguments.client)
    print(
        audit_text.chain_text(study, arguments.key)
        if arguments.key
        else audit_text.keys_text(study)
    )
    return 0


def formulas(arguments: argparse.Namespace) -> int:
    """Print the page of formulas, or write it."""
    from llmcost.batch.whole_files import write_whole
    from llmcost.cli import formulas_text

    if arguments.out:
        check_out(arguments.out, [])
    make = formulas_text.page if arguments.html else formulas_text.markdown
    text = make()
    if arguments.out:
        write_whole(arguments.out, text)
        print(f"Formulas: {arguments.out}")
    else:
        print(text, end="")
    return 0


def existing_file(name: str) -> Path:
    """The file of that name; UsageError where there is none."""
    if os.path.isdir(name):
        raise UsageError(f"{name}: is a folder; name the files in it, {name.rstrip('/')}/*")
    if os.path.isfile(name):
        return Path(name)
    if os.path.exists(name):
        raise UsageError(f"{name}: is no plain file; save it as one")
    raise UsageError(f"{name}: there is no such file")


def check_out(out: Path, files: list[Path]) -> None:
    """Refuse, before the work, what cannot be written to or must not be written over."""
    cure = "--out wants the name of a file"
    if out.is_dir():
        raise UsageError(f"{out}: is a folder; {cure}")
    if not out.parent.is_dir():
        raise UsageError(f"{out}: there is no folder {out.parent}; {cure}")
    if out.exists() and any(out.samefile(file) for file in files):
        raise UsageError(f"{out}: is the export itself; give --out another name")


def notebooks(_arguments: argparse.Namespace) -> int:
    """Run the committed notebooks again where they are."""
    from llmcost.cli import committed_notebooks

    for path in committed_notebooks.execute_all():
        print(path.name)
    return 0


def accuracy(_arguments: argparse.Namespace) -> int:
    """Print the accuracy ledger."""
    from llmcost.ledger import accuracy_text

    print(accuracy_text.text())
    return 0
