"""huggingface_hub's exceptions as ours; the one border."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lsp_server.errors import ModelDownloadError
from lsp_server.models.hub.entry import HubFile

_AGAIN = "run the command again to go on where it ended"


@contextmanager
def hub_problems(file: HubFile) -> Iterator[None]:
    """Turn what goes wrong while the hub is asked into a `ModelDownloadError`."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RemoteEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"https://huggingface.co/{file.repository}"
    try:
        yield
    except GatedRepoError as error:
        raise ModelDownloadError(
            f"{file.repository} is handed out only to those who accepted its licence: open {page} "
            "in a browser, log in and accept it, then run `hf auth login` (or set HF_TOKEN to an "
            "access token of yours) and the command again"
        ) from error
    except RemoteEntryNotFoundError as error:
        raise ModelDownloadError(
            f"{file.repository} has no file {file.file} any more; look at {page}, download a "
            "file yourself and give its path as the model"
        ) from error
    except (RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise ModelDownloadError(
            f"there is no {file.repository} at revision {file.revision}, or it needs a login: "
            f"look at {page}; with a login, run `hf auth login` or set HF_TOKEN"
        ) from error
    except OfflineModeIsEnabled as error:
        raise ModelDownloadError(
            "HF_HUB_OFFLINE is set, so nothing is downloaded; unset it and try again"
        ) from error
    except HfHubHTTPError as error:
        status = error.response.status_code
        raise ModelDownloadError(
            f"the hub answered {status} for {file.repository}/{file.file}; try again later, or "
            "check HF_ENDPOINT and HF_TOKEN"
        ) from error
    except HTTPError as error:
        raise ModelDownloadError(
            f"{file.repository}/{file.file} could not be downloaded: {error}; check the network, "
            f"proxies and HF_ENDPOINT, then {_AGAIN}"
        ) from error
    except OSError as error:
        raise ModelDownloadError(
            f"{file.repository}/{file.file} could not be downloaded: {error}; {_AGAIN}"
        ) from error
