"""Writes the golden records anew and says which changed: `python tests/golden/write.py`.

A changed figure is a decision: see CONTRIBUTING, "Golden records".
"""

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE)]  # this checkout's code, whatever is installed

from golden_differences import differences, settled, told  # noqa: E402
from golden_plain import text  # noqa: E402
from golden_records import (  # noqa: E402
    RECORDS,
    client_folders,
    made,
    record_paths,
    recorded,
)


def write(client: str, folder: Path) -> list[Path]:
    """Write a client's record where it differs; returns the files that changed."""
    old, new = recorded(client), made(folder)
    paths = record_paths(client)
    changed = [part for part in paths if differences(old[part], new[part])]
    for part in changed:
        written = text(settled(old[part], new[part])) + "\n"
        paths[part].parent.mkdir(parents=True, exist_ok=True)
        paths[part].write_text(written, encoding="utf-8", newline="\n")
    if changed:
        print(told(differences(old, new), client), flush=True)
    return [paths[part] for part in changed]


def main() -> None:
    """Write every client's record, drop those of clients that are gone, print the changed files."""
    folders = client_folders()
    changed = [path for client, folder in folders.items() for path in write(client, folder)]
    for path in sorted(RECORDS.glob("*")):
        if path.name not in folders:
            shutil.rmtree(path)
            changed.append(path)
    for path in changed:
        print(path.relative_to(HERE.parents[1]).as_posix())
    print(f"{len(changed)} files changed, of {len(folders)} clients")


if __name__ == "__main__":
    main()
