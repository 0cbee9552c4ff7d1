"""`python -m lsp_server`: the `bantam` command where its script is not on the path."""

from lsp_server.cli.main import main

main()
