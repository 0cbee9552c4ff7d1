"""`scripts/write_performance_page [--check]`: write the page, or say whether it is fresh."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.performance_page.page import SECTIONS, make_page
from scripts.performance_page.records import RecordError, read_records

DOCS = Path(__file__).resolve().parents[2] / "docs"


def main(arguments: list[str] | None = None, docs: Path = DOCS) -> int:
    """Write or check page and pictures; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/write_performance_page",
        description="Write docs/performance.md and its pictures from docs/measurements.",
    )
    parser.add_argument("--check", action="store_true", help="only say whether they are fresh")
    options = parser.parse_args(arguments)
    try:
        files = _files(docs)
    except RecordError as error:
        print(f"scripts/write_performance_page: error: {error}", file=sys.stderr)
        return 1
    stale = [path for path, text in files.items() if not _is_fresh(path, text)]
    for path in stale:
        if options.check:
            print(f"{path} is stale; run scripts/write_performance_page", file=sys.stderr)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
            print(path)
    return 1 if options.check and stale else 0


def _files(docs: Path) -> Mapping[Path, str]:
    page = make_page(read_records(docs / "measurements", SECTIONS))
    pictures = {docs / "images" / name: svg for name, svg in page.pictures.items()}
    return {docs / "performance.md": page.text, **pictures}


def _is_fresh(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
