"""The shared engine as an `Engine`: attaches when it is needed, and again after a crash.

Importing this is cheap: neither the HTTP library nor anything that knows models is loaded
before the first request.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from lsp_server.directories import Directories
from lsp_server.engine.api import (
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    ErrorKind,
    ErrorReport,
    Event,
    GenerateRequest,
    LoadingEvent,
)
from lsp_server.engine.error_reports import error_of, report_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.attachment import Attachment
from lsp_server.engine.shared.runtime_folder import runtime_folder
from lsp_server.engine.shared.wire import messages
from lsp_server.engine.shared.wire.faults import BrokenError, GoneError, LateError, SilentError
from lsp_server.engine.shared.wire.messages import DESCRIBE_DECODER, EVENT_DECODER, decode_answer
from lsp_server.engine.status import EngineStatus
from lsp_server.errors import (
    BadRequestError,
    BantamError,
    EngineSilentError,
    EngineStoppedError,
)

if TYPE_CHECKING:
    from lsp_server.engine.shared.wire.connection import Connection

Answer = TypeVar("Answer")

#: A request that the engine never took is sent once more, to the engine that follows.
_NUM_ATTEMPTS = 2
#: Seconds that an engine may take longer than a request's limit: the step that it computes.
_GRACE_S = 3.0


class EngineClient:
    """Implements `engine.api.Engine` with the engine process of this user.

    Requests run side by side.  One client belongs to one event loop, from its first request.
    """

    def __init__(self, directories: Directories, *, start: bool = True, client: str = "") -> None:
        """Prepare; nothing is opened or started before the first request.

        Args:
            directories: Where the engine's socket and logs are.
            start: Whether to start an engine when none runs.
            client: Who asks; see `GenerateRequest.client`.
        """
        self._client = client
        self._directories = directories
        self._attachment = Attachment(directories, start=start)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Continue a prompt; see `Engine.generate`.

        Faults of attaching, starting and of the connection come as `EndEvent.error`, too.  An
        engine that says nothing is not waited for much longer than the request's limit.
        """
        if not request.loads_model and not self._attachment.is_there:
            yield EndEvent(reasons=(EndReason.CANCELLED,) * request.num_alternatives)
            return
        request = msgspec.structs.replace(request, client=self._client)
        end: EndEvent | None = None
        reasons: tuple[EndReason, ...] = ()
        max_ms = request.limits.max_ms
        max_s = None if max_ms is None else max_ms / 1_000 + _GRACE_S
        try:
            async with self._lines(messages.GENERATE_PATH, _encoded(request), max_s) as lines:
                reasons = (EndReason.ERROR,) * request.num_alternatives
                async for line in lines:
                    event = decode_answer(EVENT_DECODER, line)
                    if isinstance(event, EndEvent):
                        # Not passed on yet: reading on to the end of the answer keeps the
                        # connection usable, whatever the caller does next.
                        end = self._naming_log(event)
                    else:
                        yield event
            if end is None:
                raise self._stopped_error()
        except LateError:
            end = EndEvent(reasons=(EndReason.TIME,) * request.num_alternatives)
        except BantamError as error:
            if end is None:
                end = EndEvent(reasons=reasons, error=report_of(error))
        yield end

    async def count(self, request: CountRequest) -> CountReply:
        """Count tokens; see `Engine.count`."""
        body = _encoded(request)
        return await self._call(lambda connection: connection.count(body))

    async def describe(
        self, model: str, *, on_loading: Callable[[LoadingEvent], None] | None = None
    ) -> ModelInfo:
        """Load a model if need be and say what it is; see `Engine.describe`.

        Args:
            model: A catalogue id or the absolute path of a GGUF file.
            on_loading: Called now and then while the model is being loaded.
        """
        body = _encoded(messages.DescribeRequest(model=model))
        async with self._lines(messages.DESCRIBE_PATH, body) as lines:
            async for line in lines:
                match decode_answer(DESCRIBE_DECODER, line):
                    case LoadingEvent() as event:
                        if on_loading is not None:
                            on_loading(event)
                    case messages.DescribedLine(info=info):
                        return info
                    case messages.FailedLine(error=report):
                        raise error_of(self._report_naming_log(report))
        raise self._stopped_error()

    async def status(self) -> EngineStatus:
        """Say what is loaded and running; see `Engine.status`."""
        return await self._call(lambda connection: connection.status())

    async def stop_engine(self) -> bool:
        """End the engine process, whoever uses it; never starts one.

        Returns:
            Whether there was one.

        Raises:
            BantamError: It could not be ended.
        """
        from lsp_server.engine.shared.process import stop_engine

        return await stop_engine(self._directories)

    async def aclose(self) -> None:
        """Close the connections, which cancels what still runs; the engine goes on."""
        await self._attachment.aclose()

    async def _call(self, ask: Callable[[Connection], Awaitable[Answer]]) -> Answer:
        for _ in range(_NUM_ATTEMPTS):
            connection = await self._attachment.connection()
            try:
                return await ask(connection)
            except GoneError:
                self._attachment.forget()
            except BrokenError as error:
                self._attachment.forget()
                raise self._stopped_error() from error
            except SilentError as error:
                self._attachment.forget()
                raise self._silent_error() from error
        raise self._stopped_error()

    @asynccontextmanager
    async def _lines(
        self, path: str, body: bytes, max_s: float | None = None
    ) -> AsyncIterator[AsyncGenerator[bytes, None]]:
        async with AsyncExitStack() as stack:
            lines = await self._call(
                lambda connection: stack.enter_async_context(connection.lines(path, body, max_s))
            )
            try:
                yield lines
            except BrokenError as error:
                self._attachment.forget()
                raise self._stopped_error() from error
            except SilentError as error:
                self._attachment.forget()
                raise self._silent_error() from error

    def _stopped_error(self) -> EngineStoppedError:
        return EngineStoppedError(
            "the engine ended in the middle of a request; the next request starts it again. "
            f"Its log is {self._log_file}"
        )

    def _silent_error(self) -> EngineSilentError:
        from lsp_server.engine.shared.silence import silent_error

        return silent_error(runtime_folder(self._directories))

    @property
    def _log_file(self) -> Path:
        return self._directories.logs / "engine.log"

    def _naming_log(self, end: EndEvent) -> EndEvent:
        if end.error is None:
            return end
        return msgspec.structs.replace(end, error=self._report_naming_log(end.error))

    def _report_naming_log(self, report: ErrorReport) -> ErrorReport:
        """Return the report of a fault in the engine with the place of its log."""
        if report.kind is not ErrorKind.INTERNAL:
            return report
        return msgspec.structs.replace(report, message=f"{report.message}: {self._log_file}")


def _encoded(request: msgspec.Struct) -> bytes:
    try:
        return msgspec.json.encode(request)
    except UnicodeEncodeError as error:
        raise BadRequestError(
            f"the request holds half a surrogate pair (U+{ord(error.object[error.start]):04X}), "
            "which is no text; the editor sent a broken document"
        ) from error
