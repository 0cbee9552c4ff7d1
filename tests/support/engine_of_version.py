"""The real engine process of another version, in the foreground.

python -m tests.support.engine_of_version PACKAGE_VERSION PROTOCOL_VERSION
"""

from __future__ import annotations

import sys
from unittest import mock

from lsp_server.engine.shared import boot, engine_process
from lsp_server.engine.shared.wire.versions import Versions


def main() -> int:
    package_version, protocol_version = sys.argv[1:]

    def versions(pid: int) -> Versions:
        return Versions(
            protocol_version=int(protocol_version),
            package_version=package_version,
            llama_cpp_build="",
            pid=pid,
        )

    with mock.patch.object(engine_process, "own_versions", versions):
        return boot.serve()


if __name__ == "__main__":
    sys.exit(main())
