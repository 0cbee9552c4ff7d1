"""The files that are typed: real ones, of packages that the project's lock pins."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Source:
    """A file and the lines of it that are typed.

    Attributes:
        name: Package and path, for people.
        first_line: Index of the first line that is hidden and typed back.
        num_lines: How many lines are.
    """

    name: str
    first_line: int
    num_lines: int = 17

    def read(self) -> str:
        """Return the file's text.

        Raises:
            OSError: It cannot be read.
        """
        package, _, rest = self.name.partition("/")
        spec = importlib.util.find_spec(package)
        assert spec is not None and spec.submodule_search_locations, f"{package} is a package"
        return Path(spec.submodule_search_locations[0], rest).read_text(encoding="utf-8")


#: Each pair is typed together: in the middle of the first file, a little of the second one.  Lines
#: with quotes that an editor would double are left out.
PAIRS = (
    (Source("rich/table.py", 439), Source("rich/text.py", 402, 3)),
    (Source("click/formatting.py", 64), Source("click/parser.py", 259, 3)),
    (Source("jinja2/loaders.py", 195), Source("jinja2/nodes.py", 503, 3)),
    (Source("aiohttp/web_request.py", 262), Source("pathspec/pathspec.py", 189, 3)),
    (Source("pygls/workspace/text_document.py", 72), Source("platformdirs/unix.py", 183, 3)),
    (Source("rich/text.py", 520), Source("rich/table.py", 602, 3)),
)
