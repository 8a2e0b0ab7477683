"""The current organization of the command line, in a file of the data directory: what `connector use` keeps."""

from __future__ import annotations

import json

from connector.config import Settings

FILE = "cli.json"


def current(settings: Settings) -> str | None:
    """The id of the current organization; None where there is none."""
    try:
        kept = json.loads((settings.data_dir / FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    found = kept.get("organization") if isinstance(kept, dict) else None
    return found if isinstance(found, str) else None


def keep(settings: Settings, organization_id: str | None) -> None:
    """Make it the current one, or none. As a whole or not at all: another command may read it at the same moment."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    written = settings.data_dir / f"{FILE}.new"
    written.write_text(json.dumps({"organization": organization_id}) + "\n", encoding="utf-8")
    written.replace(settings.data_dir / FILE)
