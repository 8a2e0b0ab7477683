"""The project as files."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_NOT_OURS = {"__pycache__", "data", "build", "shared"}


def pyproject() -> dict[str, Any]:
    """Return pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def files(folder: Path = ROOT) -> Iterator[Path]:
    """Yield what belongs to the project: not caches, not the virtual environment, not data of a trial run."""
    for path in sorted(folder.iterdir()):
        if path.name in _NOT_OURS or path.suffix == ".egg-info" or (path.name.startswith(".") and path.name != ".ci"):
            continue
        if path.is_dir():
            yield from files(path)
        else:
            yield path
