"""Files that are there whole or not at all, whatever happens while they are written."""

import shutil
from pathlib import Path

from llmcost.inputs.errors import InputError


def write_whole(path: Path, content: str | bytes) -> None:
    """The file with this content, or as it was before: nothing half-written stays. Raises InputError without room."""
    data = content.encode("utf-8") if isinstance(content, str) else content
    if path.exists() and not path.is_file():  # /dev/stdout
        path.write_bytes(data)
        return
    path = path.resolve()
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError as error:
        raise InputError(path, "", f"cannot be written: {error.strerror}", "Make room there, or name another file") from None
    finally:
        beside.unlink(missing_ok=True)


def copy_whole(file: Path, target: Path) -> None:
    """The file at its new place, or nothing there. Raises InputError when there is no room."""
    beside = target.with_name(f"{target.name}.part")
    try:
        shutil.copyfile(file, beside)
        beside.replace(target)
    except OSError as error:
        problem = f"cannot be copied to {target.parent}: {error.strerror}"
        raise InputError(file.name, "", problem, "Make room there, or name another folder") from None
    finally:
        beside.unlink(missing_ok=True)
