"""The files of an export as plain files under names of ours: linked where they lie, unpacked where
they are packed."""

import contextlib
import gzip
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import zstandard

from llmcost.inputs.errors import InputError

GZIP, ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
MOST_FILES = 1_000
MOST_TIMES_LARGER, ALWAYS_ALLOWED_BYTES = 100, 64 << 20
"""Logs pack to a tenth or a fiftieth. What unpacks to more than 100 times its size was made to fill
a disk."""
SPARE_BYTES = 1 << 30
"""What unpacking leaves free on the disk."""
PIECE_BYTES = 1 << 20
FRAME_PIECE_BYTES = 1 << 10
"""So much of a zstd frame at a time: a kilobyte can unpack to 32 MB."""
SPREADSHEET_MARK = "[Content_Types].xml"
"""A file in every zip that is an xlsx or a docx."""
UNPACK = "Unpack it yourself and give the files"


@dataclass(frozen=True)
class PlainFile:
    """A file that is not packed.

    name   as its owner knows it: usage.csv, or export.zip/usage.csv
    place  where it can be read: a path that holds nothing but the scratch folder and a number
    """

    name: str
    place: Path


def plain_files(paths: Sequence[Path], scratch: Path) -> list[PlainFile]:
    """The export's files, zip, gzip and zstd unpacked, as numbered files in the scratch folder.

    Raises InputError, before it unpacks, for more than a thousand files and for what unpacks to 100
    times its size or to more than the disk can hold; and for what is empty, cut off or no archive.
    """
    found: list[PlainFile] = []
    for path in paths:
        if path.stat().st_size == 0:
            raise InputError(
                path.name, "", "is empty", "Export it again with a header line and data rows"
            )
        packed = _beginning(path)
        allowance = Allowance(path, scratch)
        if packed in ZIP:
            found += _from_zip(path, scratch, allowance, len(found))
        else:
            found.append(_plain(path, path.name, scratch / str(len(found)), allowance))
        if len(found) > MOST_FILES:
            raise _too_many(path.name)
    return found


class Allowance:
    """How many bytes may still come out of one packed file."""

    def __init__(self, path: Path, scratch: Path):
        self.name = path.name
        self.left_bytes = max(MOST_TIMES_LARGER * path.stat().st_size, ALWAYS_ALLOWED_BYTES)
        self.free_bytes = shutil.disk_usage(scratch).free - SPARE_BYTES

    def check(self, bytes_count: int) -> None:
        """Raises InputError where so many bytes are too many."""
        if bytes_count > self.left_bytes:
            problem = f"unpacks to more than {MOST_TIMES_LARGER} times its size, as no export does"
            raise InputError(self.name, "", problem, UNPACK)
        if bytes_count > self.free_bytes:
            raise InputError(
                self.name,
                "",
                "unpacks to more than the disk holds",
                "Set TMPDIR to a folder with room",
            )

    def take(self, bytes_count: int) -> None:
        """Count bytes that came out."""
        self.check(bytes_count)
        self.left_bytes -= bytes_count
        self.free_bytes -= bytes_count


def _too_many(name: str) -> InputError:
    cure = "Join them into fewer, larger files"
    return InputError(name, "", f"brings the export to more than {MOST_FILES:,} files", cure)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(4)


def _plain(path: Path, name: str, place: Path, allowance: Allowance) -> PlainFile:
    """A file that is no zip: unpacked to its place where it is packed, else linked there."""
    packed = _beginning(path)
    if packed.startswith((GZIP, ZSTD)):
        with _readable(name), path.open("rb") as stream:
            _write(
                _of_gzip(stream) if packed.startswith(GZIP) else _of_zstd(stream), place, allowance
            )
        if _beginning(place).startswith((GZIP, ZSTD, *ZIP)):
            raise InputError(name, "", "is packed twice", UNPACK)
    elif path != place:
        _link(path, place)
    return PlainFile(name, place)


def _of_gzip(stream: IO[bytes]) -> Iterator[bytes]:
    return _pieces(cast(IO[bytes], gzip.GzipFile(fileobj=stream)))


def _of_zstd(stream: IO[bytes]) -> Iterator[bytes]:
    """The pieces of all frames. Raises EOFError where the last one is cut off."""
    frame = None
    while chunk := stream.read(FRAME_PIECE_BYTES):
        while chunk:
            frame = frame or zstandard.ZstdDecompressor().decompressobj()
            yield frame.decompress(chunk)
            chunk = frame.unused_data if frame.eof else b""
            frame = None if frame.eof else frame
    if frame:
        raise EOFError


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while piece := stream.read(PIECE_BYTES):
        yield piece


def _write(pieces: Iterable[bytes], place: Path, allowance: Allowance) -> None:
    with place.open("wb") as sink:
        for piece in pieces:
            allowance.take(len(piece))
            sink.write(piece)


def _link(path: Path, place: Path) -> None:
    """Another name for a file; where a link will not do, a copy."""
    try:
        os.fsencode(path.resolve()).decode("utf-8")  # DuckDB knows no other names
        os.symlink(path.resolve(), place)
    except (OSError, UnicodeDecodeError):
        shutil.copyfile(path, place)


def _from_zip(path: Path, scratch: Path, allowance: Allowance, first: int) -> Iterator[PlainFile]:
    """The files in a zip; empty ones and the marks of a copying tool are passed over."""
    with _readable(path.name), zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if _is_export(member)]
        if not members:
            problem = "is a zip without a file that holds anything, or cut off"
            raise InputError(path.name, "", problem, UNPACK)
        if any(member.filename == SPREADSHEET_MARK for member in members):
            raise InputError(
                path.name, "", "is a spreadsheet or a document", "Save its table as CSV"
            )
        if len(members) > MOST_FILES:
            raise _too_many(path.name)
        allowance.check(sum(member.file_size for member in members))
        for number, member in enumerate(members, first):
            place, name = scratch / str(number), f"{path.name}/{member.filename}"
            with archive.open(member) as source:
                _write(_pieces(source), place, allowance)
            if _beginning(place) in ZIP:
                raise InputError(name, "", "is a zip inside a zip", UNPACK)
            if _beginning(place).startswith((GZIP, ZSTD)):
                inner = place.rename(place.with_suffix(".packed"))
                _plain(inner, name, place, allowance)
                inner.unlink()
            yield PlainFile(name, place)


def _is_export(member: zipfile.ZipInfo) -> bool:
    return member.file_size > 0 and not re.search(r"(^|/)(__MACOSX/|\.)", member.filename)


@contextlib.contextmanager
def _readable(name: str) -> Iterator[None]:
    """Whatever a damaged archive raises, as what a person should hear."""
    try:
        yield
    except (
        gzip.BadGzipFile,
        zipfile.BadZipFile,
        zlib.error,
        zstandard.ZstdError,
        EOFError,
        ValueError,
        RuntimeError,
    ):
        problem = "cannot be unpacked: cut off, locked, or not what its beginning says"
        raise InputError(
            name, "", problem, "Export it again as CSV, JSON lines or Parquet"
        ) from None
    except OSError as error:
        problem = f"cannot be unpacked: {error.strerror or 'cut off'}"
        raise InputError(name, "", problem, "Set TMPDIR to a folder with room") from None
