"""What made a report: the code, the page template, the notebooks and the versions of the packages that it ran on."""

import hashlib
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from llmcost.inputs.paths import PACKAGE

PACKAGES = (
    "altair",
    "duckdb",
    "genai-prices",
    "jinja2",
    "nbconvert",
    "numpy",
    "pandas",
    "papermill",
    "pydantic",
    "ruamel.yaml",
    "vl-convert-python",
)
"""Packages whose version can move a figure or a page."""
CODE_ENDINGS = {".py", ".html", ".css", ".js", ".yaml"}


def build_hash(notebooks: Sequence[Path]) -> str:
    """Hash of everything but the client's inputs: two reports with one fingerprint were made by the same build."""
    files = sorted(path for path in PACKAGE.rglob("*") if path.suffix in CODE_ENDINGS and "_data" not in path.parts)
    digest = hashlib.sha256()
    for path in (*files, *notebooks):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    digest.update(" ".join(f"{name}={version(name)}" for name in PACKAGES).encode())
    return digest.hexdigest()


def fingerprint(study_fingerprint: str, build: str) -> str:
    """The fingerprint of a report: the study's inputs and candidate rows, and the build."""
    return hashlib.sha256(f"{study_fingerprint} {build}".encode()).hexdigest()[:16]
