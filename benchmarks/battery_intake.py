"""Parts of the battery about what a client sends and what surrounds the kit: names, sizes, settings
of pip."""

import json
import os
import random
import re
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from hostile_exports import (
    ATTACKS,
    FIELDS,
    FOLDER_NAMES,
    LETTERS,
    mapping_of,
    packed_as,
    rows_of,
    told_apart,
    written,
)

from llmcost.inputs.usage import usage_table

ROOT = Path(__file__).parents[1]
SECONDS_A_COMMAND, MEMORY_MB_A_COMMAND = 60, 2_000
LONGEST_LINE_LETTERS = 500


def names(place: Path, names_count: int) -> bool:
    """Exports with hostile names of columns, models, files and folders, each held against the same
    export with plain ones."""
    chance = random.Random(5)
    trap = place / "trap"
    trap.mkdir()
    (trap / "secret.txt").write_text("hunter2\n")
    where = {"secret": trap / "secret.txt", "written": trap / "written.pth", "folder": trap}
    plain = usage_table([written(place / "plain.csv", rows_of(FIELDS))], mapping_of(FIELDS))
    failed = []
    for number in range(names_count):
        closer, payload, tail = chance.choice(ATTACKS)
        attack = f"{closer} {payload.format(**where)}{tail}"
        word = "".join(chance.choice(LETTERS) for _ in range(chance.randint(1, 20)))
        if problem := said_otherwise(
            place / "there" / str(number), [attack, word], plain.hourly, chance
        ):
            failed.append(f"{problem}: {attack!r}, {word!r}")
    untouched = [path.name for path in trap.iterdir()] == ["secret.txt"]
    print(
        f"names: {names_count - len(failed)} survived of {names_count}, nothing read or written"
        f" elsewhere: {untouched}"
    )
    for line in failed[:5]:
        print("  ", line)
    return not failed and untouched


def said_otherwise(
    place: Path, words: list[str], plain: pd.DataFrame, chance: random.Random
) -> str:
    """How an export whose names are these words differs from the plain one, or ""."""
    columns = told_apart([chance.choice(words) for _ in FIELDS])
    folder = place / chance.choice(FOLDER_NAMES)
    folder.mkdir(parents=True)
    model = chance.choice(words)
    ending = chance.choice([".csv", ".jsonl", ".parquet", ".csv.gz", ".zip"])
    path = packed_as(folder / f"{chance.choice(FOLDER_NAMES)}{ending}", rows_of(columns, model))
    try:
        found = usage_table([path], mapping_of(columns)).hourly
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if set(found["model"]) != {model.strip(" ")}:
        return "another model"
    same = found.drop(columns="model").equals(plain.drop(columns="model"))
    return "" if same else "other figures"


@dataclass(frozen=True)
class Large:
    """A file that is larger than it looks.

    write   makes it in a folder; returns its path
    is_read whether it is an export all the same; else it is refused in one line
    """

    write: Callable[[Path], Path]
    is_read: bool


HEAD = "time,model,requests,input_tokens,output_tokens"


def lines(count: int, more: str = "", model: str = "gpt-4o") -> str:
    """Rows of an export, an hour each."""
    cells = (
        f"2026-10-{1 + hour // 24 % 28:02d}T{hour % 24:02d}:00:00Z,"
        f"{model.format(hour)},1,1000,100{more}\n"
        for hour in range(count)
    )
    return "".join(cells)


def text(name: str, content: Callable[[], str]) -> Callable[[Path], Path]:
    """Writes a file of that name with this content."""

    def write(folder: Path) -> Path:
        path = folder / name
        path.write_text(content(), encoding="utf-8")
        return path

    return write


def bomb(name: str, row: bytes, millions_count: int) -> Callable[[Path], Path]:
    """Writes a zip or gzip of so many million equal rows."""

    def write(folder: Path) -> Path:
        path = folder / name
        if path.suffix == ".zip":
            with (
                zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
                archive.open("a.csv", "w", force_zip64=True) as sink,
            ):
                pour(sink, row, millions_count)
        else:
            import gzip

            with gzip.open(path, "wb") as sink:
                pour(sink, row, millions_count)
        return path

    return write


def pour(sink: Any, row: bytes, millions_count: int) -> None:
    """Many equal rows under a header."""
    sink.write(f"{HEAD}\n".encode())
    for _ in range(millions_count * 10):
        sink.write(row * 100_000)


def many_members(folder: Path) -> Path:
    """A zip of twenty thousand files."""
    path = folder / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(20_000):
            archive.writestr(f"{number}.csv", f"{HEAD}\n{lines(1)}")
    return path


def keys_of_all_kinds() -> str:
    """JSON lines of which each has two hundred keys of its own."""
    rows = [
        {
            "time": f"2026-10-01T{n % 24:02d}:00:00Z",
            "input_tokens": 1,
            "output_tokens": 1,
            **{f"k{n}_{k}": 1 for k in range(200)},
        }
        for n in range(1000)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows)


ROW = b"2026-10-01T00:00:00Z,gpt-4o,1,1000,100\n"
LARGE = {
    "16,000 empty columns": Large(
        text("a.csv", lambda: f"{HEAD}{',' * 16_000}\n{lines(100, ',' * 16_000)}"), True
    ),
    "100,000 empty columns": Large(
        text("a.csv", lambda: f"{HEAD}{',' * 100_000}\n{lines(30, ',' * 100_000)}"), True
    ),
    "16,000 named columns": Large(
        text(
            "a.csv",
            lambda: (
                f"{HEAD},{','.join(f'c{n}' for n in range(16_000))}\n{lines(100, ',' * 16_000)}"
            ),
        ),
        False,
    ),
    "1,900 columns of one name": Large(
        text("a.csv", lambda: f"{HEAD}{',x' * 1_900}\n{lines(100, ',' * 1_900)}"), True
    ),
    "a header of 20 million letters": Large(
        text("a.csv", lambda: f"{'x' * 20_000_000}\n{lines(30)}"), False
    ),
    "5,000 unknown models": Large(
        text("a.csv", lambda: f"{HEAD}\n{lines(5_000, model='model-{}')}"), True
    ),
    "20,000 models": Large(
        text("a.csv", lambda: f"{HEAD}\n{lines(20_000, model='model-{}')}"), False
    ),
    "a model of a million letters": Large(
        text("a.csv", lambda: f"{HEAD}\n{lines(30, model='m' * 1_000_000)}"), True
    ),
    "keys of all kinds": Large(text("a.jsonl", keys_of_all_kinds), True),
    "JSON nested 100,000 deep": Large(text("a.json", lambda: "[" * 100_000 + "]" * 100_000), False),
    "a key nested 5,000 deep": Large(
        text("a.jsonl", lambda: '{"a":' * 5_000 + "1" + "}" * 5_000 + "\n"), False
    ),
    "a zip of 100 million rows": Large(bomb("a.zip", ROW, 100), False),
    "a gzip of 20 million rows": Large(bomb("a.csv.gz", ROW, 20), False),
    "a zip of 20,000 files": Large(many_members, False),
}


def sizes(place: Path, ways: list[str]) -> bool:
    """Files that are larger than they look, each given to `usage` and to `new --usage`: read or
    refused soon, in one line."""
    failed = []
    for number, way in enumerate(ways):
        folder = place / str(number)
        folder.mkdir()
        path = LARGE[way].write(folder)
        for words in (["usage", path], ["new", folder / "client", "--usage", path]):
            if problem := took_too_much(words, LARGE[way].is_read):
                failed.append(f"{way}, {words[0]}: {problem}")
        path.unlink()
    print(
        f"sizes: {2 * len(ways) - len(failed)} survived of {2 * len(ways)}, each within"
        f" {SECONDS_A_COMMAND} s and {MEMORY_MB_A_COMMAND} MB"
    )
    for line in failed:
        print("  ", line)
    return not failed


def took_too_much(words: list[Any], is_read: bool) -> str:
    """What is wrong with how a command takes its file, or ""."""

    def bound() -> None:
        size = MEMORY_MB_A_COMMAND * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (size, size))

    started = time.monotonic()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "llmcost", *map(str, words)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_A_COMMAND,
            preexec_fn=bound,
        )
    except subprocess.TimeoutExpired:
        return f"took more than {SECONDS_A_COMMAND} s"
    said = done.stderr.strip().splitlines()
    if is_read:
        return "" if done.returncode == 0 and not said else f"exit {done.returncode}, {said[-1:]}"
    if done.returncode != 2 or len(said) != 1 or len(said[0]) > LONGEST_LINE_LETTERS:
        return (
            f"exit {done.returncode} after {time.monotonic() - started:.0f} s, {len(said)} lines:"
            f" {said[-1:]}"
        )
    return ""


def pip_settings(_place: Path) -> bool:
    """run.py among variables and files that lead pip elsewhere: its own tests, all of them."""
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-p",
        "no:cacheprovider",
        "tests/test_run_py.py",
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    counts = dict(reversed(found) for found in counted(done.stdout))
    passed, failed = (
        int(counts.get("passed", 0)),
        int(counts.get("failed", 0)) + int(counts.get("error", 0)),
    )
    print(f"settings: {passed} survived of {passed + failed}")
    return done.returncode == 0 and passed > 0


def counted(printed: str) -> Iterator[tuple[str, str]]:
    """(number, word) of pytest's last line."""
    last = printed.strip().splitlines()[-1] if printed.strip() else ""
    yield from re.findall(r"(\d+) (passed|failed|error)", last)
