"""What `bantam doctor` says when a remote server answers: where text goes, before all."""

from __future__ import annotations

from lsp_server.cli.examine_model import examine_model
from lsp_server.cli.findings import Finding, State
from lsp_server.engine.choice import is_remote
from lsp_server.engine.remote.address import parse_address, shown_host
from lsp_server.engine.remote.key import read_key
from lsp_server.errors import ConfigError
from lsp_server.models.fim_formats import FIM_FORMATS
from lsp_server.settings.schema import RemoteSettings, Settings

_EMPTY = "empty remote.url in your settings file to keep your code on this machine"


def examine_answering(settings: Settings) -> list[Finding]:
    """Look at what answers: the model of this machine, or the remote server."""
    if not is_remote(settings):
        return examine_model(settings)
    return [_where(settings.remote), _key(settings.remote), _fim(settings.remote)]


def _where(remote: RemoteSettings) -> Finding:
    try:
        address = parse_address(remote.url, allow_plain_http=remote.allow_plain_http)
    except ConfigError as error:
        return Finding("Remote", str(error), State.BROKEN, _EMPTY)
    model = remote.model or "its only model"
    if address.is_loopback:
        text = f"your code is sent to {address.base} on this machine, answered by {model}"
        return Finding("Remote", text)
    text = f"YOUR CODE LEAVES THIS MACHINE: it is sent to {address.base}, answered by {model}"
    return Finding("Remote", text, State.WARNING, _EMPTY)


def _key(remote: RemoteSettings) -> Finding:
    try:
        key = read_key(remote)
    except ConfigError as error:
        return Finding("Remote key", str(error), State.BROKEN, "put it there")
    if key is None:
        return Finding("Remote key", "none is sent")
    place = remote.key_file or f"the environment variable {remote.key_variable}"
    return Finding("Remote key", f"from {place}, sent to {shown_host(remote.url)} alone")


def _fim(remote: RemoteSettings) -> Finding:
    if remote.fim_format in FIM_FORMATS:
        who = "Bantam" if remote.infill == "template" else "the server"
        return Finding("Fills in", f"{remote.fim_format}, markers written by {who}")
    known = ", ".join(FIM_FORMATS)
    if remote.fim_format:
        text = f"remote.fim_format is {remote.fim_format!r}, which is no format"
    elif remote.has_chat:
        return Finding("Fills in", "through chat: remote.fim_format is not set")
    else:
        text = "remote.fim_format is not set, so the server cannot complete code"
    return Finding("Fills in", text, State.BROKEN, f"set it to one of {known}")
