"""Downloads from the Hugging Face hub with its own library, which handles authentication, resuming and Xet storage."""

from __future__ import annotations

from pathlib import Path

from f5_pipeline.errors import DownloadFailed, FileUnusable
from f5_pipeline.models.source import ModelSource
from f5_pipeline.storage.filesystem import explain_os_error
from f5_pipeline.storage.retry import is_transient_status, with_retries


def download_from_hub(source: ModelSource, folder: Path) -> tuple[Path, int]:
    """Fetch a file into ``folder``, resuming an interrupted download. Returns its path and size in bytes.

    The library retries when the hub cannot be reached and resumes broken connections. It does not retry when the hub
    is busy (429, 5xx); this function does.

    Raises:
        DownloadFailed: the hub cannot be reached, stays busy, or has no such file for this user.
        FileUnusable: the disk is full, or the folder cannot be written.
    """
    path = Path(with_retries(lambda: _download(source, folder)))
    return path, path.stat().st_size


def _download(source: ModelSource, folder: Path) -> str:
    from httpx import HTTPError
    from huggingface_hub import hf_hub_download  # takes a third of a second to import
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        return hf_hub_download(source.place, source.path, revision=source.revision, local_dir=folder)
    except (HfHubHTTPError, LocalEntryNotFoundError, HTTPError) as error:
        status = _status(error)
        raise DownloadFailed(source.text, _reason(status, error), transient=is_transient_status(status)) from None
    except ConnectionError as error:  # raised in the library's offline mode
        raise DownloadFailed(source.text, _first_line(error)) from None
    except OSError as error:
        if error.errno is None:  # raised by the library itself: the file is shorter than announced
            raise DownloadFailed(source.text, _first_line(error), transient=True) from None
        raise FileUnusable(str(folder), *explain_os_error(error)) from None


def _status(error: BaseException | None) -> int:
    """The HTTP status behind one of the library's errors; 0 if there is none."""
    while error is not None:
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(status, int):
            return status
        error = error.__cause__ or error.__context__
    return 0


def _reason(status: int, error: Exception) -> str:
    """The reason in words, from the HTTP status and the error."""
    if status in (401, 403):
        return f"the hub answered {status}: the repository is private, gated or absent; log in with HF_TOKEN"
    if status == 404:
        return "the hub has no such repository, revision or file"
    return f"the hub answered {status}" if status else f"the hub cannot be reached ({_first_line(error)})"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200].rstrip(".")
