"""What made a report, as hashes: change any of it, and the reports that it can matter to are no
longer fresh.

    client file, the files that it names   their bytes
    catalog                                the rows that this client can have been answered from
    code, template, notebooks, shapes      their bytes, the notebooks without their outputs
    packages, Python, lock                 their versions

A report prints its fingerprint and keeps in results.json what is needed to work it out again
without opening the study.
"""

import errno
import hashlib
import os
import platform
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from llmcost.inputs import paths
from llmcost.inputs.catalog import in_force_or_first, table
from llmcost.inputs.data_cache import data_cached, data_stamps
from llmcost.inputs.yaml_file import LARGEST_BYTES
from llmcost.study.market.hosts import FACTS

PACKAGES = (
    "altair",
    "duckdb",
    "genai-prices",
    "ipython",
    "jinja2",
    "markupsafe",
    "mistune",
    "nbconvert",
    "nbformat",
    "nh3",
    "numpy",
    "pandas",
    "papermill",
    "pydantic",
    "ruamel.yaml",
    "vl-convert-python",
)
"""Packages whose version can move a figure or a page."""
CODE_ENDINGS = {".py", ".html", ".css", ".js", ".yaml"}
SHARED_DATA = ("catalog/*.yml", "load_shapes/*", "usage_formats/*")
"""Files of `data/` that any client may lean on, whole."""
OF_ONE_MODEL = {"api_prices": ["model_id"], "api_hosts": ["model_id"], "aliases": ["alias", "id"]}
"""Tables that are only ever asked for a model by its name, and the columns that hold one."""
OF_ALL_DAYS = {"gpu_rent_history"}
"""Tables of which every day is looked at: a path of rents."""
OF_NO_CLIENT = {"published_claims"}
"""Tables of which nothing enters a report."""


@dataclass(frozen=True)
class Kit:
    """What makes reports on this machine, the clients' own files left out.

    notebooks  name -> notebook as JSON, without outputs
    code       hash of code, template, shared data and versions
    catalog    hash of every catalog table
    """

    notebooks: Mapping[str, str]
    code: str
    catalog: str

    @classmethod
    def here(cls, notebooks: Mapping[str, str]) -> "Kit":
        """The kit of this machine with these notebooks, its data as they are now."""
        data_stamps()
        return cls(
            notebooks,
            _code_hash(),
            _hash(path.read_bytes() for path in sorted(paths.data_path("catalog").glob("*.csv"))),
        )

    @cached_property
    def named_models(self) -> frozenset[str]:
        """Models that code and notebooks name: yardsticks for everybody. With them all that is no
        model: GPUs and hosts."""
        return frozenset(_named_by_code() | _named_models("".join(self.notebooks.values()).lower()))

    def warm(self, days: Iterable[str]) -> None:
        """Work out what the fingerprints of all clients share, for the days of their prices."""
        for day in days:
            list(catalog_rows(day, self.named_models, has_exports=False))

    def fingerprint(self, folder: Path, files_read: Iterable[str], as_of_date: str) -> str:
        """The fingerprint of a client's report made now: 16 hexadecimal digits.

        files_read  names and patterns of the files beside client.yaml that the report was made from
        as_of_date  the day of its prices
        """
        client_file, names, home = client_file_bytes(folder), sorted(files_read), folder.resolve()
        read = []
        for path in paths.files_of(folder, names):
            read += [os.fsencode(path.relative_to(home)), _file_hash(path).encode()]
        named = _named_models(client_file.decode(errors="replace").lower()) | self.named_models
        rows = catalog_rows(as_of_date, named, has_exports=bool(names))
        parts = [
            self.code.encode(),
            *(text.encode() for text in self.notebooks.values()),
            client_file,
            *read,
        ]
        return _hash([*parts, *(row.encode() for row in rows)])[:16]


def client_file_bytes(folder: Path) -> bytes:
    """The client file, of one that is too long its beginning: what is refused later must not hold
    up or fill who looks at it first.

    Raises OSError where it cannot be read, and where it is a pipe or a device, which would never
    end.
    """
    path = folder / "client.yaml"
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with path.open("rb") as file:
        return file.read(LARGEST_BYTES + 1)


def catalog_rows(as_of_date: str, named: Set[str], has_exports: bool) -> Iterator[str]:
    """The catalog rows that can matter to a client, on the day of its prices, where the models
    `named` are all that are asked for.

    A row that is not in force on that day cannot; nor can the price, host or alias of a model that
    nobody names: not the client, and not the code. Who has an export may have used any model.
    """
    yield _common_rows(as_of_date)
    for names, row in _model_rows():
        if has_exports or not names.isdisjoint(named):
            yield row


@data_cached
def _common_rows(as_of_date: str) -> str:
    """Hash of the rows of the tables that matter to everybody, and of the lowest limits that any
    API host states."""
    names = sorted(
        {path.stem for path in paths.data_path("catalog").glob("*.csv")}
        - OF_ONE_MODEL.keys()
        - OF_NO_CLIENT
    )
    lowest = table("api_hosts")[list(FACTS.values())].min().to_list()
    texts = [text for name in names for text in _texts(name, _rows_of(name, as_of_date))]
    return _hash(text.encode() for text in [*texts, str(lowest)])


def _rows_of(name: str, as_of_date: str) -> pd.DataFrame:
    return (
        table(name)
        if name in OF_ALL_DAYS
        else in_force_or_first(name, pd.Timestamp(as_of_date).date())
    )


@data_cached
def _model_rows() -> list[tuple[frozenset[str], str]]:
    """(names of models in it, text) of each row of a table of single models, of all days."""
    found: list[tuple[frozenset[str], str]] = []
    for name, columns in OF_ONE_MODEL.items():
        rows = table(name)
        names = [
            frozenset(str(cell).lower() for cell in cells)
            for cells in rows[columns].itertuples(index=False)
        ]
        found += zip(names, _texts(name, rows), strict=True)
    return found


def _texts(name: str, rows: pd.DataFrame) -> list[str]:
    """Rows as text; a whole number is the same in a column of fractions."""
    return [
        "\x1f".join(
            [name, *(f"{cell:.15g}" if isinstance(cell, float) else str(cell) for cell in cells)]
        )
        for cells in _cells(rows)
    ]


def _cells(rows: pd.DataFrame) -> Iterable[tuple[Any, ...]]:
    numbers = rows.select_dtypes("number").columns
    return rows.astype(dict.fromkeys(numbers, float)).itertuples(index=False)


def _named_models(words: str) -> set[str]:
    """Models that a text in small letters names, by our id or another name of theirs, with their
    other names."""
    return {
        name
        for names in _names_of_models()
        if any(name in words for name in names)
        for name in names
    }


@data_cached
def _names_of_models() -> list[frozenset[str]]:
    """The names that stand in one row of a table of single models: an alias and its id, or an id
    alone."""
    return list(dict.fromkeys(names for names, _ in _model_rows()))


@data_cached
def _named_by_code() -> set[str]:
    aliases = table("aliases")
    others = aliases[aliases["kind"] != "model"]
    code = [path.read_text(encoding="utf-8") for path in _code_files() if path.suffix == ".py"]
    return {
        *_named_models("".join(code).lower()),
        *others["alias"].str.lower(),
        *others["id"].str.lower(),
    }


def _code_files() -> list[Path]:
    package = paths.PACKAGE
    return sorted(
        path
        for path in package.rglob("*")
        if path.suffix in CODE_ENDINGS and "_data" not in path.relative_to(package).parts
    )


def _code_hash() -> str:
    shared = [
        path
        for pattern in SHARED_DATA
        for path in sorted(paths.data_path().glob(pattern))
        if path.is_file()
    ]
    locks = sorted(paths.PACKAGE.parent.glob("requirements-report.lock"))
    files = (
        part
        for path in (*_code_files(), *shared, *locks)
        for part in (path.name.encode(), path.read_bytes())
    )
    versions = [
        f"python={platform.python_version()}",
        *(f"{name}={version(name)}" for name in PACKAGES),
    ]
    return _hash((*files, " ".join(versions).encode()))


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
