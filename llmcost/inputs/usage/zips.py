"""The files inside a zip, unpacked one by one."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from llmcost.inputs.errors import InputError

LARGEST_UNPACKED_BYTES = 200 << 30


def unzipped(path: Path, scratch: Path) -> Iterator[tuple[Path, str]]:
    """(where it was unpacked, its name in the zip) of each file; empty ones, markers of a copying tool, are passed over.

    Raises InputError when it is no whole zip, holds nothing, or does not fit where it is unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.file_size and not re.search(r"(^|/)(__MACOSX/|\.)", m.filename)]
            if not members:
                raise InputError(
                    path.name, "", "is a zip without a file that holds anything, or cut off", "Unpack it yourself and give the files"
                )
            if sum(m.file_size for m in members) > LARGEST_UNPACKED_BYTES:
                raise InputError(path.name, "", "unpacks to more than 200 GiB", "Unpack it yourself and give the files")
            for number, member in enumerate(members):
                target = scratch / f"{number}-{re.sub(r'[^A-Za-z0-9._-]', '_', Path(member.filename).name)[-80:]}"
                with archive.open(member) as source, target.open("wb") as sink:
                    while piece := source.read(1 << 20):
                        sink.write(piece)
                yield target, member.filename
    except OSError as error:
        raise InputError(path.name, "", f"cannot be unpacked: {error.strerror}", "Set TMPDIR to a folder with room") from None
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError):
        raise InputError(path.name, "", "is a zip that cannot be unpacked", "Unpack it yourself and give the files") from None
