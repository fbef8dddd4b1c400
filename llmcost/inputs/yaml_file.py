"""YAML 1.2 from people: no surprises of version 1.1, duplicates refused, every value findable by line."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from llmcost.inputs.errors import InputError

LARGEST_BYTES = 64 * 1024


def read_yaml(path: Path) -> Any:
    """The document of a YAML file of at most 64 KiB, with line numbers kept on its mappings and lists; shared, to be read only."""
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(
                path.name, "", f"{size:,} bytes are too many", "A client file has at most 64 KiB; move tables into a usage file"
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(path.name, "", f"cannot be read ({error.strerror})", "Check the path and its permissions") from None
    except UnicodeDecodeError:
        raise InputError(path.name, "", "is not UTF-8 text", "Save it as UTF-8") from None
    try:
        return _document(text)
    except DuplicateKeyError as error:
        raise InputError(path.name, _line(error), "a key stands twice in one mapping", "Keep one of the two") from None
    except (YAMLError, ValueError, RecursionError) as error:
        problem = getattr(error, "problem", None) or "is not valid YAML"
        raise InputError(path.name, _line(error), str(problem), "Check indentation, quotes and brackets on that line") from None


@lru_cache(maxsize=16)
def _document(text: str) -> Any:
    """Taken apart once for all the what-ifs of a client."""
    return YAML(typ="rt", pure=True).load(text)


def plain(value: Any) -> Any:
    """The same document as plain dicts, lists and scalars."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def line_of(document: Any, location: Sequence[str | int]) -> int | None:
    """Line (from 1) of the value at `location` in a document of `read_yaml`, or of its nearest parent that is there."""
    line = None
    for key in location:
        try:
            marks: Any = document.lc
            line = (marks.item(key) if isinstance(document, list) else marks.key(key))[0] + 1
            document = document[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else ""
