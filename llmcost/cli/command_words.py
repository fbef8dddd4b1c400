"""What words of the command line may be."""

from pathlib import Path


class UsageError(Exception):
    """Something on the command line cannot be done. The text is for a person."""


def name_of_file(text: str) -> str:
    """The name of a file, a folder or a client. Raises UsageError for an empty one: it would mean
    the current folder."""
    if not text:
        raise UsageError(
            "A name on the command line is empty: give the file or folder, or leave the option out"
        )
    shown_name = text.encode("utf-8", "replace").decode()
    if shown_name != text:
        raise UsageError(f"{shown_name}: is a name that is not UTF-8; rename it")
    return text


def path_named(text: str) -> Path:
    """The path of that name; UsageError as for `name_of_file`."""
    return Path(name_of_file(text))
