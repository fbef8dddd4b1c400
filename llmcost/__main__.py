"""`python -m llmcost` and `llmcost` are the command line, which ends cleanly from its first moment
to its last."""

import contextlib
import os
import sys

from llmcost import leaving


def run() -> int:
    """Run the command line; returns its exit code."""
    leaving.end_at_once()
    try:
        from llmcost.cli.command_line import main

        code = main()
        if code == leaving.EXIT_CODE:
            leave()
        return code
    except ImportError as error:
        if os.environ.get("LLMCOST_DEBUG") or sys.flags.dev_mode:
            raise
        print(damage(error), file=sys.stderr)
        return 3


def leave() -> None:
    """End this process, and whatever it has started, at once.

    The interpreter's own end would be told by libraries what they have not cleared up, and would
    take an interrupt that was caught in the `exec` of a library for one that was not.
    """
    family = sys.modules.get("llmcost.report.process_family")
    if family:  # else nothing was started
        family.end_own()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
    os._exit(leaving.EXIT_CODE)


def damage(error: ImportError) -> str:
    """What to do about a package that cannot be imported, in one line."""
    what = " ".join(str(error).split())[:200].rstrip(".")
    cure = (
        "Install the kit again, with its packages: pip install --force-reinstall, or a new"
        " environment"
    )
    if os.environ.get("LLMCOST_PROGRAM"):  # run.py started this
        cure = "Delete the folder .venv beside run.py and run the same again"
    return f"The kit's environment is damaged: {what}. {cure}."


if __name__ == "__main__":
    sys.exit(run())
