"""What is said when a report cannot be made, and the one place that turns any exception into a line
for a person."""

import contextlib
import errno
import os
import sys
import traceback
from pathlib import Path

from llmcost.inputs.errors import InputError

PACKAGE = Path(__file__).resolve().parents[1]
LONGEST_COUNT = 500
"""Characters of a line about an exception, whatever it holds."""
DEBUG = "LLMCOST_DEBUG"
"""Environment variable that shows the traceback of an error of ours; `python -X dev` does so
too."""
OURS = "page"
"""Code of an error that nobody but us can mend."""
PERMISSIONS = "Check its permissions"
CURES_OF_SYSTEM = {
    errno.ENOSPC: "Make room on the disk",
    errno.EDQUOT: "Make room on the disk",
    errno.EACCES: PERMISSIONS,
    errno.EPERM: PERMISSIONS,
    errno.ENAMETOOLONG: "Give it a shorter name",
    errno.ENOTDIR: "A file stands where a folder should: name another place",
    errno.EROFS: "Choose a place that can be written",
    errno.EMFILE: "Allow more open files (ulimit -n), or run fewer clients at a time with --jobs 1",
}
KINDS: list[tuple[type[BaseException], str, str, str]] = [
    (
        RecursionError,
        "input",
        "something in it is nested too deeply",
        "Look for lists or blocks inside one another, and make them flatter",
    ),
    (
        MemoryError,
        "killed",
        "it takes more memory than there is",
        "Give it fewer rows or days, or run fewer clients at a time with --jobs 1",
    ),
    (
        OverflowError,
        "input",
        "a number in it is too large to reckon with",
        "Look for a number with too many digits",
    ),
    (UnicodeError, "input", "holds characters that are no UTF-8", "Save it as UTF-8"),
]
"""Exceptions that say what is wrong with a file: kind, code, problem, cure."""


class ReportError(Exception):
    """A client without a report: a notebook, a page or a process did not do its part. The text is
    for a person.

    code  the same in one word, for machines: input | notebook | page | timeout | killed | ended |
          publish | pdf | cluster
    """

    def __init__(self, text: str, code: str = "notebook"):
        super().__init__(text)
        self.code = code


def as_problem(error: BaseException, file: str) -> ReportError:
    """What to tell a person of any exception: the file, what is wrong, how to mend it, in one line
    of at most 500 characters.

    file  what the work was about, where the exception does not know better; "" for nothing in
          particular
    An error of ours has the code `OURS`; when debugging it carries its traceback as a note.
    """
    if isinstance(error, InputError):
        return ReportError(shortened(words(error)), "input")
    if isinstance(error, ReportError):
        return ReportError(shortened(words(error)), error.code)
    where, code, problem, cure = told(error, file)
    place = place_of(error)
    room_count = LONGEST_COUNT - len(where) - len(cure) - len(place) - 10
    line = f"{where}: " if where else ""
    line += f"{shortened(problem, max(80, room_count)).rstrip('.')} {place}. {cure}"
    found = ReportError(shortened(line), code)
    if code == OURS and is_debugging():
        lines = "".join(traceback.format_exception(error)).splitlines()
        found.add_note("\n".join(printable(line) for line in lines))
    return found


def told(error: BaseException, file: str) -> tuple[str, str, str, str]:
    """(file, code, problem, cure) of an exception that is not worded for a person."""
    for kind, code, problem, cure in KINDS:
        if isinstance(error, kind):
            return file, code, problem, cure
    if isinstance(error, OSError):
        named = os.path.basename(os.fsdecode(error.filename)) if is_path(error.filename) else file
        cure = CURES_OF_SYSTEM.get(error.errno or 0, "Check that it is there and can be read")
        return named, "input", error.strerror or words(error), cure
    library = type(error).__module__.split(".")[0].strip("_")
    if library == "duckdb":
        if "Memory" in type(error).__name__:
            return told(MemoryError(), file)
        return file, "input", f"its export cannot be read ({words(error)})", "Save the export again"
    if library == "pydantic_core" and (details := details_of(error)):
        return file, "input", details, "Correct this value"
    if not isinstance(error, Exception):  # a panic in an extension module
        problem = f"a library broke off over it ({words(error)})"
        return file, OURS, problem, f"Look for something unusual in it; {DEBUG}=1 shows more"
    problem = f"an error of ours, not of your files: {type(error).__name__}: {words(error)}"
    return (
        file,
        OURS,
        problem,
        f"Run it with {DEBUG}=1 in the environment, and send us what that shows",
    )


def details_of(error: BaseException) -> str:
    """The first thing that pydantic found: the field and what is wrong; "" where it says
    nothing."""
    with contextlib.suppress(Exception):
        first = error.errors()[0]  # type: ignore[attr-defined]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return ""


def is_path(name: object) -> bool:
    """Whether the file name that an OSError carries is one, and no number of a descriptor."""
    return isinstance(name, str | bytes | os.PathLike) and bool(os.fspath(name))


def shown(text: object) -> str:
    """One line of a message, with nothing in it that a terminal would obey: names of files and
    columns may hold anything."""
    # half a second of imports, only for who has something to say
    from llmcost.views.text import visible

    return visible(text)


def printable(line: str) -> str:
    """The line without what a terminal would obey, its indentation kept."""
    return "".join(filter(str.isprintable, line))


def words(error: BaseException) -> str:
    """The text of an exception, shown."""
    try:
        text = str(error)
    except Exception:  # whoever wrote its __str__
        text = ""
    return shown(text) or type(error).__name__


def shortened(text: str, longest_count: int = LONGEST_COUNT) -> str:
    """The text, of one that is too long its beginning and its end: there stand the file and the
    cure."""
    if len(text) <= longest_count:
        return text
    end_count = longest_count // 3
    return f"{text[: longest_count - end_count - 5]} ... {text[-end_count:]}"


def place_of(error: BaseException) -> str:
    """The last line of ours that an exception came through, in brackets: for us."""
    step, last = error.__traceback__, None
    while step:
        if last is None or PACKAGE in Path(step.tb_frame.f_code.co_filename).parents:
            last = step
        step = step.tb_next
    name = os.path.basename(last.tb_frame.f_code.co_filename) if last else "no place known"
    return f"({name}, line {last.tb_lineno})" if last else f"({name})"


def is_debugging() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get(DEBUG)) or sys.flags.dev_mode
