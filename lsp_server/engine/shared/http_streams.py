"""The two streamed answers: what an engine yields, as lines, with exactly one last line."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing

from lsp_server.engine.api import (
    EndEvent,
    EndReason,
    Engine,
    ErrorReport,
    GenerateRequest,
    Limits,
    LoadingEvent,
    Priority,
)
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.http_errors import INTERNAL_REPORT
from lsp_server.engine.shared.line_writer import LineWriter
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.wire.messages import DescribedLine, DescribeLine, FailedLine, line_of
from lsp_server.errors import BantamError

LOGGER = logging.getLogger(__name__)

#: A description that takes no longer than this comes without any progress.
_QUIET_S = 0.1


async def stream_events(
    engine: Engine, request: GenerateRequest, writer: LineWriter, stop: StopSwitch
) -> None:
    """Send every event of a request as a line.

    Raises:
        ConnectionError: The client went away; the request is cancelled then.
    """
    end = await _send_until_end(engine, request, writer, stop)
    await writer.end(line_of(end))


async def stream_description(
    engine: Engine, model: str, writer: LineWriter, stop: StopSwitch
) -> None:
    """Load and describe a model, and send how far it is from time to time.

    Raises:
        ConnectionError: The client went away.
    """
    last = await _describe(engine, model, writer, stop)
    await writer.end(line_of(last))


async def _send_until_end(
    engine: Engine, request: GenerateRequest, writer: LineWriter, stop: StopSwitch
) -> EndEvent:
    try:
        async with stop.guard(), aclosing(engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, EndEvent):
                    return event
                await writer.write(line_of(event))
    except BantamError as error:
        return _failed(request, report_of(error))
    except ConnectionError:
        raise
    except Exception:
        LOGGER.exception("request %r failed", request.request_id)
        return _failed(request, INTERNAL_REPORT)
    LOGGER.error("request %r ended without an end event", request.request_id)
    return _failed(request, INTERNAL_REPORT)


async def _describe(
    engine: Engine, model: str, writer: LineWriter, stop: StopSwitch
) -> DescribeLine:
    try:
        async with stop.guard():
            return DescribedLine(info=await _describe_with_progress(engine, model, writer))
    except BantamError as error:
        return FailedLine(error=report_of(error))
    except ConnectionError:
        raise
    except Exception:
        LOGGER.exception("describing %r failed", model)
        return FailedLine(error=INTERNAL_REPORT)


async def _describe_with_progress(engine: Engine, model: str, writer: LineWriter) -> ModelInfo:
    progress = asyncio.create_task(_send_loading(engine, model, writer))
    try:
        return await engine.describe(model)
    finally:
        progress.cancel()
        await asyncio.gather(progress, return_exceptions=True)


async def _send_loading(engine: Engine, model: str, writer: LineWriter) -> None:
    """Pass on how far a model is being loaded, as every stream of events says it.

    An empty prompt waits for the model like any other, and is refused before it costs anything.
    """
    await asyncio.sleep(_QUIET_S)
    listening = GenerateRequest(
        request_id="describe",
        model=model,
        segments=(),
        priority=Priority.WARM,
        limits=Limits(max_tokens=0),
    )
    async with aclosing(engine.generate(listening)) as events:
        async for event in events:
            if not isinstance(event, LoadingEvent):
                return
            await writer.write(line_of(event))


def _failed(request: GenerateRequest, report: ErrorReport) -> EndEvent:
    reasons = (EndReason.ERROR,) * request.num_alternatives
    return EndEvent(reasons=reasons, error=report)
