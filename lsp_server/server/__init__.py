"""The LSP layer: the only place that knows pygls and lsprotocol.

`start.py` runs a server, `wiring.py` puts it together, `routes.py` says which method goes where;
`requests/` holds one file per request, `protocol/` what stands between pygls and its users.
"""
