"""A new client's folder: an empty file to fill in, or one that a usage export has filled as far as
it can."""

import json
from collections.abc import Sequence
from pathlib import Path

from llmcost.batch.whole_files import copy_whole, put_whole
from llmcost.cli.prefilled import prefilled
from llmcost.inputs.client import client_schema
from llmcost.inputs.errors import InputError
from llmcost.inputs.usage import UsageTable
from llmcost.inputs.usage.workload import MIN_HOURS, check_span
from llmcost.leaving import uninterrupted

OWN_NAMES = {"client.yaml", "client.schema.json"}
EMPTY = Path(__file__).parent / "template" / "client.yaml"


def write_empty(folder: Path) -> Path:
    """The commented client file to fill in, and its schema."""
    return _written(folder, EMPTY.read_text(encoding="utf-8"))


def write_from_usage(
    folder: Path, files: Sequence[Path], table: UsageTable
) -> tuple[Path, list[str]]:
    """A client file with all that the export says, the export beside it, and the questions that
    stay open.

    Raises InputError where the export has no tokens or no times, or is shorter than a day.
    """
    if (
        table.hourly.empty
        or table.kind.grain == "cost"
        or table.hourly["hour"].isna().any()
        or table.period is None
    ):
        problem = "is a cost report" if table.kind.grain == "cost" else "holds no hour with tokens"
        raise InputError(files[0].name, "", problem, "Give a usage export, with tokens and times")
    hours = table.period_hours
    check_span(*table.period, files[0].name, "")
    if hours < MIN_HOURS:
        covers = f"covers {hours:.0f} hour{'' if hours == 1 else 's'}"
        raise InputError(
            files[0].name,
            "",
            covers,
            "Export at least one whole day; a week or two shows the shape",
        )
    if taken := next((file.name for file in files if file.name.lower() in OWN_NAMES), ""):
        raise InputError(
            taken,
            "",
            "has the name of a file that is written beside it",
            "Give the export another name",
        )
    text, questions = prefilled(table, [file.name for file in files], folder.resolve().name)
    if len({file.name.lower() for file in files}) < len({file.resolve() for file in files}):
        raise InputError(
            files[0].name,
            "",
            "has the name of another file of this export",
            "Give each its own name: they are put side by side",
        )
    make_folder(folder)
    for file in files:
        if not (folder / file.name).exists() or not file.samefile(folder / file.name):
            copy_whole(file, folder / file.name)
    return _written(folder, text), questions  # last: a folder with a client file is whole


def make_folder(folder: Path) -> None:
    """The client's folder, new or there already. Raises InputError where it cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            folder, "", f"cannot be made: {error.strerror}", "Name another folder"
        ) from None


def _written(folder: Path, text: str) -> Path:
    make_folder(folder)
    target = folder / "client.yaml"
    schema = json.dumps(client_schema(), indent=1)
    with uninterrupted():
        put_whole(folder / "client.schema.json", schema + "\n")
        put_whole(target, text)
    return target
