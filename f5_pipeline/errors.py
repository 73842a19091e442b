"""Every failure that a user can meet: one class each, built from data; the message names culprit, reason and fix.

Imports nothing of ours, so that every layer can raise these errors. A class takes facts (a path, a row, a status code)
and writes the sentence itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: A reason that starts with one of these verbs continues the culprit's sentence; any other follows a colon.
_VERBS = {"is", "are", "was", "has", "have", "needs", "cannot", "changed", "does", "did", "failed", "leaves", "keeps"}


class F5PipelineError(Exception):
    """Base class. ``str()`` is one readable paragraph: culprit, reason, fix."""

    #: The exit code of the command line: 1 failed, 2 wrong usage.
    exit_code = 1
    #: True if the same call may succeed when it is repeated.
    transient = False

    def __init__(self, culprit: str, reason: str, fix: str = "") -> None:
        self.culprit, self.reason, self.fix = culprit, reason, fix
        # "Batch 'x' is not in the store." but "Setting 'y': must be a number."
        continues = reason.partition(" ")[0].rstrip(":") in _VERBS
        super().__init__(" ".join(part for part in (f"{culprit}{'' if continues else ':'} {reason}", fix) if part))


# --- names and settings ---------------------------------------------------------------------------------------


class UnsafeName(F5PipelineError):
    """A batch, voice, id or section name that is not a slug, or a key that would leave its folder."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(
            f"{kind} {name[:80]!r}",
            "is not a safe name.",
            "Use letters, digits, '.', '_' and '-', no leading dot, at most 128 characters.",
        )


class BadSetting(F5PipelineError):
    """A setting (environment variable, or key of a TOML file) that is unknown or has an impossible value.

    Without ``setting`` the whole file cannot be read.
    """

    def __init__(self, where: str, setting: str, reason: str, known: Sequence[str] = ()) -> None:
        fix = f"Known settings: {', '.join(known)}." if known else ""
        super().__init__(f"{where}, setting {setting!r}" if setting else where, reason, fix)


# --- storage --------------------------------------------------------------------------------------------------


class ObjectMissing(F5PipelineError):
    """A key that is not in the store."""

    def __init__(self, location: str, fix: str = "") -> None:
        super().__init__(location, "is not in the store.", fix)


class StoreUnusable(F5PipelineError):
    """A store that cannot be opened, read or written."""

    def __init__(self, url: str, reason: str, fix: str) -> None:
        super().__init__(f"Store {url}", reason, fix)


class StoreBusy(StoreUnusable):
    """A store that gave no response, or an invalid one, at every attempt."""

    transient = True

    def __init__(self, url: str, doing: str, detail: str) -> None:
        super().__init__(
            url,
            f"{doing} failed, also after retries: {detail}.",
            "Finished work is kept: run it again when the store and the network are available.",
        )


class RequestNotAccepted(StoreUnusable):
    """A request that a server rejects permanently: it does not support a header, a method, …"""

    def __init__(self, url: str, doing: str, detail: str, endpoint: str) -> None:
        fix = f"The server at {endpoint} does not accept this request; see its documentation and docs/stores.md."
        super().__init__(url, f"{doing} failed: {detail}.", fix)


class AccessRefused(StoreUnusable):
    """A 403. ``code``: S3's error code, or ""; ``skew``: minutes between this machine's clock and the server's."""

    _FIXES: Mapping[str, str] = {
        "InvalidAccessKeyId": "It does not know AWS_ACCESS_KEY_ID: check that it is a key of {endpoint}.",
        "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not match AWS_ACCESS_KEY_ID, or the region is wrong "
        "(AWS_DEFAULT_REGION; endpoint {endpoint}), or a proxy changes requests.",
        "ExpiredToken": "The credentials have expired: get new ones (AWS_SESSION_TOKEN).",
        "InvalidToken": "AWS_SESSION_TOKEN does not belong to these credentials.",
    }
    _HIDDEN = (
        "S3 hides several causes behind 403: these credentials lack the permission; the object does not exist, but S3 "
        "does not say so because they may not list the bucket (s3:ListBucket); the endpoint ({endpoint}) or region is "
        "not the bucket's; the clock of this machine is wrong; the server rejects checksum headers."
    )

    def __init__(self, url: str, doing: str, code: str, endpoint: str, skew: int = 0) -> None:
        self.code = code
        #: A clock may be corrected between two attempts; any other 403 is permanent.
        self.transient = bool(skew) or code == "RequestTimeTooSkewed"
        fix = self._FIXES.get(code, self._HIDDEN).format(endpoint=endpoint)
        if self.transient:
            fix = f"The clock of this machine is {skew or 'too many'} minutes off the server's: set it with NTP."
        super().__init__(url, f"{doing} was refused (403{' ' + code if code else ''}).", fix)


class CredentialsMissing(StoreUnusable):
    """A bucket without credentials, or with only half of them."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "there are no credentials for it, or only half of them.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (a .env file is read too), or AWS_PROFILE.",
        )


class FileUnusable(F5PipelineError):
    """A file or folder of this machine (not of the store) that cannot be read or written."""

    def __init__(self, path: str, reason: str, fix: str) -> None:
        super().__init__(path, reason, fix)


class LinkLeavesStore(F5PipelineError):
    """A symbolic link in the store's folder that leads out of it."""

    def __init__(self, location: str, target: str) -> None:
        super().__init__(
            location,
            f"is reached through a link to {target}, outside the store, and is not followed.",
            "Copy the file into the store, or mount the folder there.",
        )


class ObjectChanged(F5PipelineError):
    """An object that is not the requested version."""

    transient = True

    def __init__(self, location: str) -> None:
        super().__init__(location, "was replaced while it was being read.", "Try again.")


class KeepsChanging(F5PipelineError):
    """Objects that were replaced at every attempt to copy them."""

    transient = True

    def __init__(self, locations: Sequence[str]) -> None:
        super().__init__(
            " and ".join(locations),
            "changed each time while being copied.",
            "Try again when nothing writes to them.",
        )


class DownloadFailed(F5PipelineError):
    """A failed download. ``transient``: it may succeed later."""

    def __init__(self, url: str, reason: str, *, transient: bool = False) -> None:
        self.transient = transient
        fix = "Try again later." if transient else "Check the address, and that this machine has access to it."
        super().__init__(f"Download of {url}", f"failed: {reason}.", fix)


class NotEnoughDisk(F5PipelineError):
    """Something does not fit on a disk; nothing was written. Sizes are in bytes."""

    def __init__(
        self, folder: str, needs: Mapping[str, int], needed: int, available: int, deletable: Mapping[str, int]
    ) -> None:
        self.folder, self.needed, self.available = folder, needed, available
        needs_list = ", ".join(f"{what} {_megabytes(size)}" for what, size in needs.items())
        caches = ", ".join(f"{path} ({_megabytes(size)})" for path, size in deletable.items())
        super().__init__(
            f"The disk of {folder}",
            f"is too small: {_megabytes(needed)} needed ({needs_list}, and headroom), {_megabytes(available)} free. "
            "Nothing was downloaded.",
            f"Free {_megabytes(needed - available)}. Caches that may be deleted: {caches}."
            if caches
            else f"Free {_megabytes(needed - available)}, or use another disk (F5_CACHE, or TMPDIR for pip).",
        )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


class FileAltered(F5PipelineError):
    """A file with another sha256 than the pinned one. ``arrived``: it was just downloaded, and was removed."""

    def __init__(self, path: str, found: str, expected: str, *, arrived: bool = False) -> None:
        super().__init__(
            path,
            f"has the sha256 {found[:16]}… instead of {expected[:16]}…: "
            + ("the download was damaged, or the source has changed." if arrived else "it was altered or damaged."),
            f"If the new content is right, delete {path}.record.json or correct the sha256 that is set for it."
            if arrived
            else "Delete it, and it is downloaded again.",
        )


# --- results --------------------------------------------------------------------------------------------------


class ClipDamaged(F5PipelineError):
    """A clip that is empty, truncated, altered, or not audio."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"Clip {location}", f"is damaged: {reason}.", "Run its batch again: the clip is spoken again.")


class IndexDamaged(F5PipelineError):
    """A batch index that cannot be read."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(
            f"Index {location}", f"cannot be read: {reason}.", "Run its batch again: the index is written again."
        )


class UtteranceMissing(F5PipelineError):
    """An utterance id that is not in a batch."""

    def __init__(self, batch: str, utterance: str, known: Sequence[str]) -> None:
        listed = (
            f"It has {_count(len(known), 'utterance')}: {', '.join(known[:5])}{', …' if len(known) > 5 else ''}."
            if known
            else ""
        )
        super().__init__(f"Batch {batch!r}", f"has no utterance {utterance[:80]!r}. {listed}".rstrip())


class NotSpokenYet(F5PipelineError):
    """Results or files of a batch that has not been run."""

    def __init__(self, batch: str, what: str) -> None:
        super().__init__(f"Batch {batch!r}", f"has no {what} yet.", f"Speak it with: f5-pipeline run {batch}")


# --- the environment ------------------------------------------------------------------------------------------


class EnvironmentBroken(F5PipelineError):
    """An installed package that cannot be imported."""

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(package, f"cannot be imported: {reason}.", "Reinstall it, or create a new environment.")


class GpuUnusable(F5PipelineError):
    """A GPU that fails to compute, usually because other processes have filled its memory."""

    transient = True

    def __init__(self, gpu: str, reason: str) -> None:
        super().__init__(
            f"The GPU {gpu}",
            f"does not even compute torch's own attention: {reason.rstrip('.')}.",
            "Check what else runs on it (nvidia-smi), or choose another GPU with F5_DEVICE.",
        )


class InstallFailed(F5PipelineError):
    """pip failed."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"pip {action} of flash_attn", f"failed: {reason}.", "Fix that, or set F5_ATTENTION=torch.")


class FlashAttnBroken(F5PipelineError):
    """A flash_attn that the user installed and that does not work. f5_tts imports any installed flash_attn."""

    def __init__(self, where: str, reason: str, uninstall: str) -> None:
        super().__init__(
            f"flash_attn in {where}",
            f"is broken: {reason}. It breaks f5_tts too, which imports it with any attention.",
            f"Remove it with: {uninstall}. The pipeline then chooses and tests the right wheel.",
        )


class AttentionUnavailable(F5PipelineError):
    """``F5_ATTENTION=flash_attn`` where flash_attn is not available."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "F5_ATTENTION=flash_attn",
            f"cannot be met: {reason}.",
            "Fix that, or set F5_ATTENTION=auto to use torch's attention on this machine.",
        )


# --- manifests and batches ------------------------------------------------------------------------------------


class BatchMissing(F5PipelineError):
    """A batch without a manifest in the store."""

    def __init__(self, batch: str, store_url: str, known: Sequence[str]) -> None:
        listed = (
            f"It has: {', '.join(sorted(known)[:20])}."
            if known
            else "It has no batches yet (F5_STORE names the store)."
        )
        super().__init__(
            f"Batch {batch!r}",
            f"is not in the store {store_url}. {listed}",
            "Put a manifest there with: f5-pipeline submit MANIFEST",
        )


class BadManifest(F5PipelineError):
    """A manifest that cannot be read. (A bad row is not an error; it is rejected.)"""

    def __init__(self, manifest: str, reason: str, fix: str) -> None:
        super().__init__(f"Manifest {manifest}", reason, fix)


class BatchChanging(F5PipelineError):
    """A batch whose files do not belong together: it is being submitted, or its submission was interrupted."""

    transient = True

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"Batch {batch!r}",
            "is being submitted, or its submission was interrupted.",
            "Wait until it is submitted, or submit it again.",
        )


class Superseded(F5PipelineError):
    """A batch that was resolved again, with a different result, while it was being spoken. The newer index is kept."""

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"Batch {batch!r}",
            "was submitted again, or its voices or settings were changed, while it was being spoken, so this result is "
            "outdated. The clips are kept.",
            f"Run it again, unless that has been done: f5-pipeline run {batch}",
        )


class BadPronunciations(F5PipelineError):
    """A pronunciation dictionary that cannot be read. One wrong entry could change a thousand lines."""

    def __init__(self, where: str, reason: str, fix: str) -> None:
        super().__init__(f"Pronunciations {where}", reason, fix)


class RowsRejected(F5PipelineError):
    """Bad rows in a batch with ``on_bad_rows = "fail"``."""

    def __init__(self, batch: str, reasons: Sequence[str]) -> None:
        shown = "; ".join(reasons[:5]) + ("; …" if len(reasons) > 5 else "")
        super().__init__(
            f"Batch {batch!r}",
            f"has {_count(len(reasons), 'bad row')} and on_bad_rows = 'fail': {shown}.",
            "Correct these rows, or set on_bad_rows = 'reject' to speak the others.",
        )


# --- voices and models ----------------------------------------------------------------------------------------


class UnknownModel(F5PipelineError):
    """A model name that is not in the catalogue."""

    def __init__(self, model: str, known: Sequence[str]) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is not in the catalogue, which has: {', '.join(known)}.",
            "Set one of these in F5_MODEL or the batch settings, or add your own model with F5_MODELS.",
        )


class BadWeights(F5PipelineError):
    """Weights that are missing, altered, or do not belong to their architecture or vocabulary."""

    def __init__(self, model: str, reason: str, fix: str) -> None:
        super().__init__(f"Weights of {model!r}", reason, fix)


class WeightsUnavailable(F5PipelineError):
    """Weights that are not on this machine and cannot be downloaded. ``missing``: source → local path."""

    def __init__(self, model: str, missing: Mapping[str, str], reason: str, *, transient: bool = False) -> None:
        self.transient = transient
        listed = "; ".join(f"{source} as {place}" for source, place in missing.items())
        super().__init__(
            f"Weights of {model!r}",
            f"are not all on this machine. {reason}",
            f"Without a network, copy these files by hand: {listed}. The model 'demo' needs no download.",
        )


class LicenceForbids(F5PipelineError):
    """Weights whose licence forbids commercial use, in a commercial batch."""

    def __init__(self, model: str, licence: str) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is licensed {licence}, which forbids commercial use, and commercial = true.",
            "Choose a model with another licence, or unset 'commercial' if the speech is not for commercial use.",
        )


# --- delivery -------------------------------------------------------------------------------------------------


class BadEncoding(F5PipelineError):
    """An unknown format, or a sample rate, bit depth or channel count that the format does not support."""

    def __init__(self, format: str, reason: str, fix: str) -> None:
        super().__init__(f"Format {format!r}", f"{reason}.", fix)


class EncoderMissing(F5PipelineError):
    """A format whose encoder is an optional package that is not installed or cannot be imported."""

    def __init__(self, format: str, package: str, extra: str) -> None:
        super().__init__(
            f"Format {format!r}",
            f"needs {package}, which is not installed.",
            f"Install it with: pip install 'f5-pipeline[{extra}]', or choose wav, flac, mp3, opus or ogg.",
        )


class SectionTooLong(F5PipelineError):
    """A joined file that is longer than its format allows. Both lengths are in seconds."""

    def __init__(self, section: str, format: str, seconds: float, limit: float) -> None:
        super().__init__(
            f"Section {section!r}",
            f"is {seconds / 3600:.1f} hours long, and a {format} file with these settings holds {limit / 3600:.1f}.",
            'Set format = "flac", or split the section.',
        )


class BadCover(F5PipelineError):
    """An audiobook cover in an unsupported image format."""

    def __init__(self, location: str) -> None:
        super().__init__(location, "is neither a JPEG nor a PNG image.", "Replace it, or delete it.")


class PageDamaged(F5PipelineError):
    """A listening page that another version wrote, or that was damaged."""

    def __init__(self, location: str, batch: str) -> None:
        super().__init__(
            location,
            "is not a listening page of this version.",
            f"Deliver the batch again; its clips are reused: f5-pipeline run {batch}",
        )


class ModelUnsupported(F5PipelineError):
    """A model whose architecture the engine does not support."""

    def __init__(self, model: str, backbone: str) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is a {backbone}, and only DiT models are supported.",
            "Choose an F5-TTS model (v0 or v1).",
        )


class RecogniserMissing(F5PipelineError):
    """A requested recogniser that is not installed on this machine, or has no model here."""

    def __init__(self, recogniser: str, reason: str, fix: str) -> None:
        super().__init__(f"Recogniser {recogniser}", f"{reason}.", f'{fix}. Or set recogniser = "none".')


class RecogniserFailed(F5PipelineError):
    """A recogniser that failed to transcribe a clip, or to load."""

    def __init__(self, recogniser: str, reason: str) -> None:
        super().__init__(
            f"Recogniser {recogniser}",
            f"failed: {reason.rstrip('.')}.",
            'The words of its clips are not checked. Fix that, or set recogniser = "none".',
        )


class NothingSpoken(F5PipelineError):
    """A batch in which every line failed."""

    def __init__(self, batch: str, failed: int, first_reason: str) -> None:
        lines = "its line" if failed == 1 else f"all {failed} lines"
        super().__init__(
            f"Batch {batch!r}",
            f"was not spoken: {lines} failed, the first with: {first_reason}.",
            f"The index has each line's reason: f5-pipeline results {batch}",
        )


class NothingToDeliver(F5PipelineError):
    """A batch without a spoken line. Delivering it would only remove the earlier delivery."""

    def __init__(self, batch: str, lines: int) -> None:
        super().__init__(
            f"Batch {batch!r}",
            f"has nothing to deliver: 0 of {_count(lines, 'line')} spoken. The earlier delivery is kept.",
            f"The index has each line's reason: f5-pipeline results {batch}",
        )


# --- cluster --------------------------------------------------------------------------------------------------


class RayMissing(F5PipelineError):
    """``F5_RAY_ADDRESS`` where Ray is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "F5_RAY_ADDRESS",
            "needs ray, which is not installed.",
            "Install it with: pip install 'f5-pipeline[ray]', or unset F5_RAY_ADDRESS to use this machine only.",
        )


class RayUnreachable(F5PipelineError):
    """A Ray cluster that cannot be reached, or cannot be started here."""

    transient = True

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"The Ray cluster {address!r} (F5_RAY_ADDRESS)",
            f"cannot be used: {reason.rstrip('.')}.",
            "Check that it runs (ray status), that this machine can reach it, and that its Python, Ray and "
            "authentication token are the same as here.",
        )


class WorkerDiffers(F5PipelineError):
    """A worker that is configured differently from the driver."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"The worker on {host}",
            f"{reason}.",
            "Give all machines the same f5-pipeline, the same F5_RECOGNISER, and one store: a bucket, or a folder that "
            "is mounted at the same path everywhere.",
        )


class WorkersUnusable(F5PipelineError):
    """A pool without a usable worker."""

    def __init__(self, reasons: Sequence[str], *, transient: bool = False) -> None:
        self.transient = transient
        distinct = list(dict.fromkeys(reason.rstrip(".") for reason in reasons))
        first = distinct[0] if distinct else "none could be started"
        more = f" (see the log for {_count(len(distinct) - 1, 'other reason')})" if len(distinct) > 1 else ""
        super().__init__(
            "The workers of the Ray cluster",
            f"have all left: {first}{more}.",
            "Fix that on the cluster's machines and run the batch again: finished clips are kept.",
        )


class WorkersNeverReady(F5PipelineError):
    """A cluster that does not schedule any worker, or on which none becomes ready."""

    transient = True

    def __init__(self, requested: int, seconds: float) -> None:
        super().__init__(
            "The workers of the Ray cluster",
            f"did not get ready: {_count(requested, 'worker')} requested, and no line spoken for "
            f"{_count(round(seconds / 60), 'minute')}.",
            "Check that the cluster has room (ray status) for F5_RAY_CPUS_PER_WORKER and F5_RAY_GPUS_PER_WORKER. "
            "Finished clips are kept: run the batch again.",
        )


class VoiceReplaced(F5PipelineError):
    """A reference voice that was replaced while a batch was being spoken with it."""

    transient = True  # the next attempt uses the new voice

    def __init__(self, batch: str, utterance: str) -> None:
        super().__init__(
            f"The batch {batch!r}",
            f"is being spoken with voices that were replaced meanwhile: {utterance!r} would sound different now.",
            "Run it again: it uses the new voices, and reuses the clips of unchanged ones.",
        )


class WorkersKeepDying(F5PipelineError):
    """Workers that die one after another without finishing a line."""

    def __init__(self, deaths: int, last_reason: str) -> None:
        super().__init__(
            "The workers of the Ray cluster",
            f"keep dying: {deaths} in a row, the last reason: {last_reason.rstrip('.')}.",
            "Their logs are in the Ray dashboard (ray logs). Finished clips are kept: run the batch again.",
        )
