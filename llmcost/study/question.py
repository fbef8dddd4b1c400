"""A question to a study: the client, the day, the what-ifs, and everything else that its answer
depends on."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llmcost.inputs.client import Client
from llmcost.inputs.client_file import find_client, read_changes, read_client
from llmcost.inputs.data_cache import data_stamps
from llmcost.inputs.paths import Stamp, files_of, stamp


@dataclass(frozen=True)
class Question:
    """All that an answer depends on: two questions that are equal have the same answer.

    what_if      JSON of the dotted paths and values
    client_text  the checked client file as JSON, what-ifs put in; `client` is the same as an object
    files        the files that the client file names, as they are now
    data         the files of the kit's data, as they are now
    """

    folder: Path
    as_of: str
    what_if: str
    client_text: str
    files: tuple[Stamp, ...]
    data: tuple[Stamp, ...]
    client: Client = field(compare=False)


def question(name: str, as_of: str, what_if: Mapping[str, Any] | str | None) -> Question:
    """The question as it stands now. Raises InputError for a client file that cannot be used."""
    data, folder, changes = data_stamps(), find_client(name), read_changes(what_if)
    client = read_client(folder, as_of, changes)
    files = files_of(folder, client.files_named)  # one that is not there is said where it is read
    what_if_text = json.dumps(changes, sort_keys=True, default=str)
    return Question(
        folder,
        as_of,
        what_if_text,
        client.model_dump_json(),
        tuple(map(stamp, files)),
        data,
        client,
    )
