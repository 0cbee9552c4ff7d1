"""Every error that Bantam raises on purpose, as one tree.

    BantamError
    ├── ConfigError            a setting, option or environment variable has a wrong value
    ├── UsageError             a position, file or option that the user named cannot be used
    ├── ModelError             a model cannot be used
    │   ├── ModelNotFoundError     no such catalogue id and no such file
    │   ├── ModelFileError         the file is not a GGUF that we accept
    │   ├── ModelDownloadError     the hub did not hand out the file, or another one
    │   ├── CannotInfillError      the model has no fill-in-the-middle format
    │   └── CannotChatError        the model has no chat template, or one that cannot be used
    ├── ActionError            a code action came to nothing that can be used
    └── EngineError            the engine could not answer
        ├── EngineStartError       it could not be started or attached to
        ├── EngineStoppedError     it died or was stopped in the middle of a request
        ├── EngineSilentError      it lives and does not answer any more
        ├── EngineVersionError     it speaks another protocol version
        ├── ModelLoadError         the library refused the file, or memory ran out
        ├── PromptTooLongError     the prompt does not fit the context
        ├── RemoteError            a remote server does not answer, or not as it should
        ├── NoCellsError           the KV cache has no room, even after eviction
        └── BadRequestError        a request that breaks the rules of the waist

A message names the thing, its value, the limit and what to do.
Cancelled and stale are outcomes, not errors: see `engine.api.EndReason`.
"""

from __future__ import annotations

__all__ = [
    "ActionError",
    "BadRequestError",
    "BantamError",
    "CannotChatError",
    "CannotInfillError",
    "ConfigError",
    "EngineError",
    "EngineSilentError",
    "EngineStartError",
    "EngineStoppedError",
    "EngineVersionError",
    "ModelDownloadError",
    "ModelError",
    "ModelFileError",
    "ModelLoadError",
    "ModelNotFoundError",
    "NoCellsError",
    "PromptTooLongError",
    "RemoteError",
    "UsageError",
]


class BantamError(Exception):
    """Base of all errors whose message is written for the user."""


class ConfigError(BantamError):
    """A setting, option or environment variable has a value that cannot be used."""


class UsageError(BantamError):
    """A position, file or option that the user named cannot be used."""


class ModelError(BantamError):
    """A model cannot be used."""


class ModelNotFoundError(ModelError):
    """No catalogue entry and no file has this name."""


class ModelFileError(ModelError):
    """The file is not a GGUF model that Bantam accepts."""


class ModelDownloadError(ModelError):
    """The hub did not hand out the file, or not the one that was expected."""


class CannotInfillError(ModelError):
    """The model has no fill-in-the-middle format."""


class CannotChatError(ModelError):
    """The model has no chat template, or one that cannot be used."""


class ActionError(BantamError):
    """A code action came to nothing that can be used."""


class EngineError(BantamError):
    """The engine could not answer."""


class EngineStartError(EngineError):
    """The engine process could not be started or attached to."""


class EngineStoppedError(EngineError):
    """The engine died, or was stopped, while a request was running."""


class EngineSilentError(EngineError):
    """The engine lives and does not answer any more."""


class EngineVersionError(EngineError):
    """The running engine speaks another protocol version."""


class ModelLoadError(EngineError):
    """The model library refused the file, or memory ran out."""


class PromptTooLongError(EngineError):
    """The prompt does not fit the model's context."""


class RemoteError(EngineError):
    """A remote server could not be reached, or answered with an error or with nonsense."""


class NoCellsError(EngineError):
    """The KV cache has no room for the request."""


class BadRequestError(EngineError):
    """The request breaks the rules of the waist."""
