"""Every setting, with its type, bounds, default and meaning.

This is the one place: the loader, the reference table in `docs/settings.md` and the
editors' settings are made from it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

#: The libraries that run models.
LibraryName = Literal["llama.cpp", "ctransformers"]

#: Settings that a workspace must never choose (see docs/architecture.md, "Trust").  They come
#: only from the user's own file, the environment, the command line or `initializationOptions`.
USER_ONLY = frozenset(
    {
        "model.name",
        "engine.library",
        "engine.context_tokens",
        "engine.threads",
        "engine.unload_after_s",
        "engine.exit_after_s",
        "engine.max_models",
        "engine.max_memory_mib",
        "engine.switch_quiet_s",
        "engine.switch_share_s",
        "engine.max_body_mib",
        "engine.max_prompt_chars",
        "engine.max_connections",
        "engine.max_streams",
        "engine.max_client_streams",
        "engine.max_client_requests",
        "engine.max_stale_edits",
        "engine.target_step_ms",
        "engine.target_first_ms",
        "engine.target_answer_ms",
        "remote.url",
        "remote.model",
        "remote.key_file",
        "remote.key_variable",
        "remote.infill",
        "remote.fim_format",
        "remote.has_chat",
        "remote.context_tokens",
        "remote.timeout_ms",
        "remote.allow_plain_http",
        "log.level",
    }
)


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which model answers."""

    name: Annotated[
        str, Meta(min_length=1, description="Catalogue id, or absolute path of a GGUF file.")
    ] = "bantam-embedded"


class CompletionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is suggested and when."""

    max_tokens: Annotated[
        int,
        Meta(
            ge=1,
            le=1024,
            description="Longest suggestion, in tokens; unless it is set, a slow machine writes "
            "less (`engine.target_answer_ms`).",
        ),
    ] = 64
    max_lines: Annotated[int, Meta(ge=1, le=100, description="Longest suggestion, in lines.")] = 8
    max_ms: Annotated[
        int, Meta(ge=100, le=60_000, description="Time limit of one suggestion, in milliseconds.")
    ] = 5_000
    debounce_ms: Annotated[
        int,
        Meta(
            ge=0,
            le=5_000,
            description="Milliseconds to wait after a keystroke before the model is asked; unless "
            "it is set, 20 to 200 by what a line takes on this machine.",
        ),
    ] = 75
    popup_ms: Annotated[
        int,
        Meta(ge=10, le=5_000, description="A popup is answered after this long with what exists."),
    ] = 150
    popup: Annotated[
        Literal["auto", "on", "off"],
        Meta(
            description="Popup items by the model; `auto` offers them to clients without "
            "inline completion."
        ),
    ] = "auto"
    prepare: Annotated[
        Literal["edited", "opened", "off"],
        Meta(
            description="Where the cursor rests for half a second, the model reads the place "
            "before anything is typed, so that the first suggestion there is quick: in documents "
            "in which it was `edited` to before, in all that are `opened`, or nowhere."
        ),
    ] = "edited"
    temperature: Annotated[
        float, Meta(ge=0.0, le=2.0, description="0 always takes the likeliest token.")
    ] = 0.0
    prefix_chars: Annotated[
        int,
        Meta(
            ge=200,
            le=200_000,
            description="Characters before the cursor to show it; unless it is set, a slow machine "
            "shows less (`engine.target_first_ms`).",
        ),
    ] = 4_000
    suffix_chars: Annotated[
        int,
        Meta(
            ge=0,
            le=100_000,
            description="Characters after the cursor to show it; unless it is set, a slow machine "
            "shows less (`engine.target_first_ms`).",
        ),
    ] = 2_000
    context_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=32_768,
            description="Tokens of definitions from other files to show it, at most a quarter "
            "of the model's context; 0 shows none; unless it is set, a slow machine shows less "
            "(`engine.target_first_ms`).",
        ),
    ] = 512
    context_ms: Annotated[
        int,
        Meta(
            ge=1,
            le=60_000,
            description="Milliseconds to look for them; what was not found in time is found by "
            "the next suggestion.",
        ),
    ] = 30


class ActionSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What code actions may take."""

    max_tokens: Annotated[
        int, Meta(ge=16, le=16_384, description="Longest answer of a code action, in tokens.")
    ] = 512
    max_ms: Annotated[
        int,
        Meta(ge=100, le=600_000, description="Time limit of a code action, in milliseconds."),
    ] = 60_000


class EngineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The process that runs the model."""

    library: Annotated[
        LibraryName,
        Meta(
            description="What runs models; ctransformers (an extra) needs no compiler and runs "
            "llama-architecture files alone."
        ),
    ] = "llama.cpp"
    context_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=1_048_576,
            description="KV cells to reserve, which all documents share; 0 takes 4096.",
        ),
    ] = 0
    threads: Annotated[
        int,
        Meta(
            ge=0,
            le=512,
            description="CPU threads; 0 is one per physical core, and fewer while other programs "
            "keep cores busy.",
        ),
    ] = 0
    max_stale_edits: Annotated[
        int,
        Meta(
            ge=0,
            le=1_000,
            description="Edits elsewhere in a file over which unchanged text keeps what the model "
            "computed for it, until an idle moment computes it again; 0 never keeps it (exact, "
            "and slower).",
        ),
    ] = 8
    target_step_ms: Annotated[
        int,
        Meta(
            ge=10,
            le=10_000,
            description="Longest step of the model to aim at, in milliseconds, where somebody may "
            "type: a keystroke waits for one step at most.",
        ),
    ] = 150
    target_first_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=600_000,
            description="How long the model may read before the first suggestion in a file, in "
            "milliseconds; slower machines show it less of the file, unless "
            "`completion.prefix_chars`, `completion.suffix_chars` and `completion.context_tokens` "
            "are set.",
        ),
    ] = 5_000
    target_answer_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=600_000,
            description="How long writing a suggestion may take, in milliseconds; slower machines "
            "write shorter ones, unless `completion.max_tokens` is set.",
        ),
    ] = 2_000
    max_models: Annotated[
        int, Meta(ge=1, le=16, description="Models loaded at once, if memory allows.")
    ] = 4
    max_memory_mib: Annotated[
        int,
        Meta(
            ge=0,
            le=16_777_216,
            description="Memory that loaded models may take together, in MiB; 0 is half of what "
            "the machine has. A model that takes more is loaded alone.",
        ),
    ] = 0
    switch_quiet_s: Annotated[
        int,
        Meta(
            ge=0,
            le=3_600,
            description="Seconds without a request after which a model gives way to one that "
            "waits for its place (at least as long as loading it took).",
        ),
    ] = 5
    switch_share_s: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400,
            description="Seconds after which a model gives way to one that waits even if it is in "
            "use (at least as long as loading it took).",
        ),
    ] = 60
    unload_after_s: Annotated[
        int, Meta(ge=1, description="Seconds without a request before models are unloaded.")
    ] = 600
    exit_after_s: Annotated[
        int, Meta(ge=1, description="Seconds without a client before the engine ends itself.")
    ] = 1_800
    max_body_mib: Annotated[
        int, Meta(ge=1, le=1_024, description="Largest request, in MiB; larger ones are refused.")
    ] = 16
    max_prompt_chars: Annotated[
        int, Meta(ge=1_000, le=1_000_000_000, description="Longest prompt, in characters.")
    ] = 4_000_000
    max_connections: Annotated[
        int,
        Meta(ge=8, le=65_536, description="Open connections of the socket, and of a TCP port."),
    ] = 512
    max_streams: Annotated[
        int,
        Meta(
            ge=4,
            le=16_384,
            description="Generating requests at once; over TCP at most three quarters of them.",
        ),
    ] = 256
    max_client_streams: Annotated[
        int,
        Meta(
            ge=1,
            le=16_384,
            description="Generating requests of one client at once: of one process, or over TCP "
            "of all that name themselves alike (`User-Agent`).",
        ),
    ] = 64
    max_client_requests: Annotated[
        int, Meta(ge=4, le=16_384, description="Requests of any kind of one client at once.")
    ] = 128


class RemoteSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A server elsewhere that answers instead of this machine; what you type is sent there."""

    url: Annotated[
        str,
        Meta(
            description="Address of an OpenAI-compatible server that answers instead of the local "
            "engine, such as `https://host/v1`: **your code is sent there**. Empty: nothing is "
            "sent anywhere."
        ),
    ] = ""
    model: Annotated[
        str, Meta(description="The server's name of the model; empty takes its only one.")
    ] = ""
    key_file: Annotated[
        str, Meta(description="Absolute path of a file with the server's key and no more.")
    ] = ""
    key_variable: Annotated[
        str, Meta(description="Name of the environment variable with the server's key.")
    ] = ""
    infill: Annotated[
        Literal["template", "suffix"],
        Meta(
            description="Who writes the markers of fill-in-the-middle: Bantam (`template`), or "
            "the server from the field `suffix`, which not every server has."
        ),
    ] = "template"
    fim_format: Annotated[
        str,
        Meta(
            description="The model's fill-in-the-middle format, such as `deepseek-coder`; empty: "
            "it has none."
        ),
    ] = ""
    has_chat: Annotated[
        bool, Meta(description="Whether the model follows instructions, for code actions.")
    ] = False
    context_tokens: Annotated[
        int,
        Meta(
            ge=0,
            le=1_048_576,
            description="Tokens of prompt and answer; 0 is what the server says, or 4096.",
        ),
    ] = 0
    timeout_ms: Annotated[
        int,
        Meta(
            ge=100,
            le=600_000,
            description="The server may be silent for so many milliseconds.",
        ),
    ] = 30_000
    allow_plain_http: Annotated[
        bool,
        Meta(description="Whether code may cross a network unencrypted, by http instead of https."),
    ] = False


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to the log files; never source text."""

    level: Annotated[
        Literal["error", "warning", "info", "debug"], Meta(description="How much is logged.")
    ] = "info"


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings.  TOML tables and JSON objects have the same shape.

    Attributes:
        chosen: Keys that somebody has set, to whatever value.  What nobody has set may follow
            what was measured on this machine.
    """

    model: ModelSettings = ModelSettings()
    completion: CompletionSettings = CompletionSettings()
    actions: ActionSettings = ActionSettings()
    engine: EngineSettings = EngineSettings()
    remote: RemoteSettings = RemoteSettings()
    log: LogSettings = LogSettings()
    chosen: frozenset[str] = frozenset()

    def is_chosen(self, key: str) -> bool:
        """Return whether somebody has set a key (`completion.max_tokens`)."""
        group, _, name = key.partition(".")
        struct = getattr(self, group)
        return key in self.chosen or getattr(struct, name) != getattr(type(struct)(), name)
