"""`python -m tests.hostile.fuzz TARGET [options of libFuzzer]`: search for inputs that break a target."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped]  # not a dependency: see README.md

with atheris.instrument_imports(include=["connector"]):
    from tests.hostile.fuzz.seeds import SEEDS
    from tests.hostile.fuzz.targets import TARGETS


def main() -> None:
    """Fuzz until told to stop, from a corpus made of the seeds."""
    name, *options = sys.argv[1:]
    corpus = Path(tempfile.mkdtemp(prefix=f"fuzz-{name}-"))
    for number, seed in enumerate(SEEDS[name]):
        (corpus / str(number)).write_bytes(seed)
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


main()
