"""YAML 1.2 from people: no surprises of version 1.1, duplicates and aliases refused, every value
findable by line."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, MaxDepthExceededError
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, StreamMark
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import Node, ScalarNode

from llmcost.inputs.errors import InputError

LARGEST_BYTES = 64 * 1024
MOST_VALUES = 5_000
"""Keys and values of one file: reading takes time for each."""
MOST_LEVELS = 40
NUMBER = re.compile(r"[-+.]*[0-9][0-9a-fA-FxXoO_.+-]*")
LONGEST_NUMBER_LETTERS = 40
LONGEST_PROBLEM_LETTERS = 200
BRACKETS = "Check indentation, quotes and brackets there"
PLAIN_WORDS = {
    r"'\t' that cannot": ("a tab stands where spaces belong", "Indent with spaces"),
    "that cannot start": (
        "a sign stands here that no plain text begins with",
        "Put the text in quotes",
    ),
    "mapping values": (
        "a key with a colon stands where none can",
        "Indent it as its neighbours are, and put text with a colon and a space in quotes",
    ),
    "another document": ("a second document begins", "Keep one of them, without the line ---"),
    "end of stream": ("the file ends before a quote or bracket is closed", "Close it"),
    "<stream end>": ("the file ends before a quote or bracket is closed", "Close it"),
    "expected <block end>": ("this does not go with the lines above it", BRACKETS),
    "expected the node content": (
        "a value is missing, or begins with a sign that needs quotes",
        BRACKETS,
    ),
    "<document start>": ("this does not go with the lines above it", BRACKETS),
}
"""What the library says, in part -> what a person understands, and how to mend it."""


class Refused(MarkedYAMLError):
    """Something that YAML allows and these files do not: where, what, and how to mend it."""

    def __init__(self, problem: str, cure: str, mark: StreamMark):
        super().__init__(problem=problem, problem_mark=mark)
        self.cure = cure


class BoundedComposer(Composer):
    """Refuses, while it reads, what could grow beyond the file: aliases, depth, numbers of any
    length."""

    def __init__(self, loader: Any = None):
        super().__init__(loader)
        self.warn_double_anchors = False
        self.values_count = 0

    def compose_document(self) -> Any:
        """The document, as in the base class. %YAML 1.1 before it would make other words of it: 010
        would be 8, and no false."""
        event = self.parser.peek_event()
        if event.version or event.tags:
            problem = "a line that begins with % stands before this one and is not read here"
            raise Refused(problem, "Take it out", event.start_mark)
        return super().compose_document()

    def compose_node(self, parent: Any, index: Any) -> Node:
        """The next node, as in the base class."""
        event = self.parser.peek_event()
        self.values_count += 1
        if isinstance(event, AliasEvent):
            cure = "Write the value itself there"
            raise Refused("an alias (*name) is not read here", cure, event.start_mark)
        if getattr(event, "ctag", None):
            cure = "Take it out; put text that begins with ! in quotes"
            raise Refused(
                "a tag (a word that begins with !) is not read here", cure, event.start_mark
            )
        if self.values_count > MOST_VALUES:
            cure = "Move tables into a usage file"
            raise Refused(f"more than {MOST_VALUES:,} keys and values", cure, event.start_mark)
        return super().compose_node(parent, index)

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        """A word or a number. An emoji that JSON writes as two escapes is one letter."""
        node = super().compose_scalar_node(anchor)
        is_number = node.style is None and NUMBER.fullmatch(node.value)
        if is_number and len(node.value) > LONGEST_NUMBER_LETTERS:
            cure = "Write a number as 700000 or 0.85, and text in quotes"
            raise Refused(f"a number of {len(node.value):,} letters", cure, node.start_mark)
        try:
            node.value = node.value.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError:
            problem = "half a letter: an escape such as \\ud83d alone"
            raise Refused(problem, "Write the letter itself", node.start_mark) from None
        return node


def read_yaml(path: Path) -> Any:
    """The document of a YAML file of at most 64 KiB, with line numbers kept on its mappings and
    lists; shared, to be read only."""
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise InputError(
                path.name,
                "",
                f"{size:,} bytes are too many",
                "A client file has at most 64 KiB; move tables into a usage file",
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            path.name,
            "",
            f"cannot be read ({error.strerror})",
            "Check the path and its permissions",
        ) from None
    except UnicodeDecodeError:
        raise InputError(path.name, "", "is not UTF-8 text", "Save it as UTF-8") from None
    try:
        return _document(text)
    except DuplicateKeyError as error:
        raise InputError(
            path.name, _line(error), "a key stands twice in one mapping", "Keep one of the two"
        ) from None
    except Refused as error:
        raise InputError(path.name, _line(error), str(error.problem), error.cure) from None
    except MaxDepthExceededError as error:
        problem = f"mappings and lists lie more than {MOST_LEVELS} deep"
        raise InputError(
            path.name, _line(error), problem, "Check the brackets and the indentation"
        ) from None
    except (
        Exception
    ) as error:  # whatever the library trips over: not all of it are errors of its own
        raise InputError(path.name, _line(error), *_in_plain_words(error)) from None


@lru_cache(maxsize=16)
def _document(text: str) -> Any:
    """Taken apart once for all the what-ifs of a client."""
    reader = YAML(typ="rt", pure=True)
    reader.Composer = BoundedComposer
    reader.max_depth = MOST_LEVELS
    return reader.load(text)


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
    """Line (from 1) of the value at `location` in a document of `read_yaml`, or of its nearest
    parent that is there."""
    line = None
    for key in location:
        try:
            marks: Any = document.lc
            line = (marks.item(key) if isinstance(document, list) else marks.key(key))[0] + 1
            document = document[key]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line


def _in_plain_words(error: Exception) -> tuple[str, str]:
    """(problem, cure) of what is no YAML."""
    said = str(getattr(error, "problem", None) or "is not valid YAML")[:LONGEST_PROBLEM_LETTERS]
    return next((told for part, told in PLAIN_WORDS.items() if part in said), (said, BRACKETS))


def _line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}" if mark else ""
