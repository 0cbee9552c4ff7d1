"""The LSP layer: the only place that knows pygls and lsprotocol."""
