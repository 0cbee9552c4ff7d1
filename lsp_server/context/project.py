"""Which folder a file belongs to when nobody says so."""

from __future__ import annotations

from pathlib import Path


def project_roots(file: Path) -> tuple[Path, ...]:
    """Return the repository that a file belongs to, else the file's own folder.

    Returns:
        Nothing for a file that stands right in the user's home or at the top of a disk: what
        is below these is no project.
    """
    home = Path.home()
    for folder in file.parents:
        if folder == home or folder == folder.parent:
            break
        if (folder / ".git").exists():
            return (folder,)
    is_project = file.parent not in (home, file.parent.parent)
    return (file.parent,) if is_project else ()
