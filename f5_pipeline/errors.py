"""Every failure that a user can meet: one class each, built from data; the message names culprit, reason and fix.

Imports only ``display``, so that every layer can raise these errors. A class takes facts (a path, a row, a status code)
and writes the sentence itself. The base class removes secrets and control characters from it, so facts of any origin
may be given to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import shorten

from f5_pipeline.display.characters import visible
from f5_pipeline.display.secrets import redact

#: A reason that starts with one of these verbs continues the culprit's sentence; any other follows a colon.
_VERBS = {
    *("is", "are", "was", "has", "have", "needs", "cannot", "changed", "does", "did", "failed", "leaves", "keeps"),
    "matches",
}


class F5PipelineError(Exception):
    """Base class. ``str()`` is one readable paragraph: culprit, reason, fix."""

    #: The exit code of the command line: 1 failed, 2 wrong usage.
    exit_code = 1
    #: True if the same call may succeed when it is repeated.
    transient = False
    #: True if the reason rarely passes by itself: the call is attempted three times in a row, and not for a time.
    lasting = False
    #: How often the call was attempted (``storage.retry``), and for how many seconds; 0: it was not repeated.
    attempts, seconds = 0, 0.0

    def __init__(self, culprit: str, reason: str, fix: str = "") -> None:
        culprit, reason, fix = (visible(redact(part)) for part in (culprit, reason, fix))
        self.culprit, self.reason, self.fix = culprit, reason, fix
        # "Batch 'x' is not in the store." but "Setting 'y': must be a number."
        continues = reason.partition(" ")[0].rstrip(":") in _VERBS
        super().__init__(" ".join(part for part in (f"{culprit}{'' if continues else ':'} {reason}", fix) if part))

    def note_attempts(self, attempts: int, seconds: float) -> None:
        """Say in the message how often, and for how long, the call was attempted."""
        self.attempts, self.seconds = attempts, seconds
        counted = f"({attempts} attempts in {seconds:.0f} s)." if attempts > 1 else "(1 attempt)."
        F5PipelineError.__init__(self, self.culprit, f"{self.reason.rstrip('.')} {counted}", self.fix)

    @property
    def is_exhausted(self) -> bool:
        """True if the call was repeated for its whole time, so that an outer retry must not repeat it at once.

        ``transient`` says if it may succeed later.
        """
        cause = self.__cause__
        return self.attempts > 0 or (isinstance(cause, F5PipelineError) and cause.is_exhausted)


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
        self.where = where
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
    """A store that gives no response, or an invalid one."""

    transient = True

    def __init__(self, url: str, doing: str, detail: str, fix: str = "") -> None:
        fix = fix or "Finished work is kept: run it again when the store and the network are available"
        super().__init__(
            url, f"{doing} failed: {detail}.", f"{fix}; F5_RETRY_SECONDS is the time for which a request is repeated."
        )


class ServerUnreachable(StoreBusy):
    """No connection to a server that has not answered before. ``lasting``: its name does not exist."""

    def __init__(self, url: str, doing: str, endpoint: str, reason: str, *, lasting: bool) -> None:
        self.lasting = lasting
        fix = "Check AWS_ENDPOINT_URL (name, port, https or http) or AWS_REGION, the network, and that the server runs"
        super().__init__(url, doing, f"{endpoint} cannot be reached ({reason})", fix)


class RequestNotAccepted(StoreUnusable):
    """A request that a server rejects permanently: it does not support a header, a method, …"""

    def __init__(self, url: str, doing: str, detail: str, endpoint: str, fix: str = "") -> None:
        fix = fix or f"The server at {endpoint} does not accept this request; see its documentation and docs/stores.md."
        super().__init__(url, f"{doing} failed: {detail}.", fix)


class EndpointWrong(StoreUnusable):
    """An address that is no S3 service: another program answers there, or under another path, port or protocol."""

    def __init__(self, url: str, doing: str, endpoint: str, reason: str, fix: str) -> None:
        super().__init__(url, f"{doing} failed: {endpoint} {reason}.", fix)


class BucketInEndpoint(EndpointWrong):
    """An endpoint whose host or path has a bucket's name. ``right``: the endpoint without it."""

    def __init__(self, endpoint: str, right: str) -> None:
        fix = f"Set AWS_ENDPOINT_URL={right}, and name the bucket in F5_STORE only (s3://bucket/prefix)."
        F5PipelineError.__init__(self, "AWS_ENDPOINT_URL", f"has the name of a bucket in it: {endpoint}.", fix)


class BucketMissing(StoreUnusable):
    """A bucket that does not exist at this endpoint."""

    def __init__(self, url: str, endpoint: str) -> None:
        super().__init__(url, f"there is no such bucket at {endpoint}.", "Check F5_STORE and AWS_ENDPOINT_URL.")


class RegionWrong(StoreUnusable):
    """A bucket in another region than the one that requests are signed for. ``region``: the right one, if known."""

    def __init__(self, url: str, doing: str, detail: str, signed: str, region: str, endpoint: str) -> None:
        where = f"the bucket is in the region {region}" if region else "the region is not the bucket's"
        super().__init__(
            url,
            f"{doing} failed: {where}, and the request was signed for {signed} ({detail}).",
            f"Set AWS_REGION{'=' + region if region else ''}, and AWS_ENDPOINT_URL (it is {endpoint}) to the address "
            "of that region.",
        )


class AccessRefused(StoreUnusable):
    """A refusal: permissions, policies, the account. ``code``: S3's error code, or ""; ``detail``: status and code."""

    def __init__(self, url: str, doing: str, code: str, detail: str, fix: str) -> None:
        self.code = code
        super().__init__(url, f"{doing} was refused ({detail}).", fix)


class CredentialsRefused(AccessRefused):
    """Credentials that the server does not know, or that have expired."""


class ClockWrong(AccessRefused):
    """A clock that differs too much from the server's. ``skew``: minutes; 0: unknown, or it agrees now."""

    transient = lasting = True  # a clock may be corrected between two attempts, but it is not worth waiting for

    def __init__(self, url: str, doing: str, code: str, detail: str, skew: int) -> None:
        minutes = f"{skew} minute{'' if skew == 1 else 's'} off the server's"
        found = minutes if skew else "wrong, or the request took very long"
        super().__init__(url, doing, code, detail, f"The clock of this machine is {found}: set it with NTP.")


class CredentialsMissing(StoreUnusable):
    """A bucket without credentials, or with only half of them."""

    def __init__(self, url: str) -> None:
        super().__init__(
            url,
            "there are no credentials for it, or only half of them.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (a .env file is read too), or AWS_PROFILE.",
        )


class SignInExpired(CredentialsMissing):
    """Credentials that boto3 cannot get: an expired single sign-on, a role, a program that fails."""

    def __init__(self, url: str, reason: str, fix: str) -> None:
        StoreUnusable.__init__(self, url, reason, fix)


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
    """A failed download. ``transient``: it may succeed later; ``lasting``: but hardly soon."""

    def __init__(self, url: str, reason: str, *, transient: bool = False, lasting: bool = False, fix: str = "") -> None:
        self.transient, self.lasting, self.cause = transient, lasting, reason
        later = "Try again later." if transient else "Check the address, and that this machine has access to it."
        super().__init__(f"Download of {url}", f"failed: {reason}.", fix or later)


class AnswerRefused(DownloadFailed):
    """A download whose server answered with a bad HTTP status.

    ``code``: the hub's own, such as "GatedRepo"; "" if none. ``is_elsewhere``: a redirect led to that server.
    """

    def __init__(
        self,
        url: str,
        reason: str,
        *,
        status: int,
        code: str = "",
        is_elsewhere: bool = False,
        transient: bool = False,
    ) -> None:
        self.status, self.code, self.is_elsewhere = status, code, is_elsewhere
        super().__init__(url, reason.rstrip(), transient=transient)


class DownloadRefused(DownloadFailed):
    """A download that the policy forbids (``storage.web_route``): the address, or one that it redirects to."""

    def __init__(self, url: str, reason: str, fix: str) -> None:
        super().__init__(url, reason, fix=fix)
        F5PipelineError.__init__(self, f"Download of {url}", f"was refused: {reason}.", fix)


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


def _brief(reason: str) -> str:
    return shorten(reason.rstrip("."), 300, placeholder=" …")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


class FileAltered(F5PipelineError):
    """A file with another sha256 than the pinned one.

    ``arrived``: it was just downloaded, and was removed; what it is: "the download was damaged".
    """

    def __init__(self, path: str, found: str, expected: str, *, arrived: str = "") -> None:
        super().__init__(
            path,
            f"has the sha256 {found[:16]}… instead of {expected[:16]}…: {arrived or 'it was altered or damaged'}.",
            f"If the new content is right, delete {path}.record.json or correct the sha256 that is set for it."
            if arrived
            else "Delete it, and it is downloaded again.",
        )


# --- results --------------------------------------------------------------------------------------------------


class ClipDamaged(F5PipelineError):
    """A clip that is empty, truncated, altered, or not audio."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"Clip {location}", f"is damaged: {reason}.", "Run its batch again: the clip is spoken again.")
        self.damage = reason


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

    def __init__(self, package: str, reason: str, fix: str = "Reinstall it, or create a new environment.") -> None:
        super().__init__(package, f"cannot be imported: {reason}.", fix)


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


class RecordsUnusable(F5PipelineError):
    """Dagster's records, which cannot be opened, read or written. ``transient``: they may be later."""

    def __init__(self, location: str, reason: str, fix: str, *, transient: bool = False) -> None:
        self.transient = transient
        super().__init__(f"Dagster's records in {location}", f"cannot be used: {reason}.", fix)


# --- manifests and batches ------------------------------------------------------------------------------------


class BatchMissing(F5PipelineError):
    """A batch without a manifest in the store, or a pattern that no batch matches."""

    def __init__(self, batch: str, store_url: str, known: Sequence[str], *, is_pattern: bool = False) -> None:
        listed = (
            f"It has: {', '.join(sorted(known)[:20])}."
            if known
            else "It has no batches yet (F5_STORE names the store)."
        )
        super().__init__(
            f"{'Pattern' if is_pattern else 'Batch'} {batch!r}",
            f"{'matches no batch' if is_pattern else 'is not'} in the store {store_url}. {listed}",
            "Put a manifest there with: f5-pipeline submit MANIFEST",
        )


class BatchNotNamed(F5PipelineError):
    """A run of assets that need a batch, without one.

    Args:
        what: the job or selection.
        option: how this command names a batch.
        known: the batches of the store.
    """

    exit_code = 2

    def __init__(self, what: str, option: str, known: Sequence[str] = ()) -> None:
        listed = f"The store has: {', '.join(sorted(known)[:20])}." if known else ""
        super().__init__(what, "needs a batch, and none is named.", f"Name one: {option} {listed}".strip())


class AddressUnusable(F5PipelineError):
    """An address on which a web server cannot listen."""

    exit_code = 2

    def __init__(self, address: str, reason: str, fix: str) -> None:
        super().__init__(f"The address {address}", reason, fix)


class UiFailed(F5PipelineError):
    """Dagster's UI, which did not start, or ended by itself."""

    def __init__(self, reason: str, log: str) -> None:
        super().__init__("The UI", reason, f"Its messages are in {log}.")


class BadOption(F5PipelineError):
    """An option of a ``dagster`` or ``dg`` command that cannot be carried out."""

    exit_code = 2


class BadManifest(F5PipelineError):
    """A manifest that cannot be read. (A bad row is not an error; it is rejected.)"""

    def __init__(self, manifest: str, reason: str, fix: str) -> None:
        super().__init__(f"Manifest {manifest}", reason, fix)


class UpstreamWithoutLines(F5PipelineError):
    """An upstream asset whose materialization does not name the file that has its lines."""

    def __init__(self, asset: str, names: Sequence[str]) -> None:
        super().__init__(
            f"The asset {asset!r}",
            f"has no materialization with the metadata {' or '.join(map(repr, names))}.",
            "Materialize it first; its metadata must name the file with the lines, on this machine.",
        )


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


class BadDecisions(F5PipelineError):
    """A listener's decisions that cannot be read, or do not fit their batch."""

    def __init__(self, where: str, reason: str, fix: str) -> None:
        super().__init__(f"Decisions {where}", reason, fix)


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
    """Weights that are not on this machine and cannot be downloaded.

    ``places``: the paths that the missing files should have. They contain the repository, revision and name.
    """

    def __init__(self, model: str, places: Sequence[str], reason: str, *, transient: bool = False) -> None:
        self.transient = transient
        super().__init__(
            f"Weights of {model!r}",
            f"are not all on this machine. {reason}",
            f"Without a network, put the files there by hand: {', '.join(places)}. The model 'demo' needs no download.",
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


class NetworksFailed(F5PipelineError):
    """The networks for neural measures failed on a clip, or could not be loaded."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "The networks for speaker similarity and MOS",
            f"failed: {reason.rstrip('.')}.",
            "Their columns stay empty for these clips. Fix that, or set F5_NEURAL_MEASURES=none.",
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


class PartitionRemoved(F5PipelineError):
    """A run over a range of batches whose first or last partition was removed while the run was in the queue."""

    def __init__(self, first: str, last: str) -> None:
        super().__init__(
            f"The batches from {first!r} to {last!r}",
            "are no range of partitions any more: one of these two was removed.",
            "Start a run of the batches that are left.",
        )


class BatchesFailed(F5PipelineError):
    """A run of several batches in which some failed. The others are complete."""

    def __init__(self, reasons: Mapping[str, str], total: int) -> None:
        explained = [f"{batch!r} ({_brief(reason)})" for batch, reason in list(reasons.items())[:5]]
        others = [repr(batch) for batch in list(reasons)[5:]]
        rest = "" if len(reasons) == total else " The other batches are complete."
        super().__init__(
            f"{len(reasons)} of {total} batches",
            f"failed: {'; '.join([*explained, *others])}.{rest}",
            "Each batch's events have its whole reason. A repeated run speaks only what is missing.",
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
