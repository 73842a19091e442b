"""Every failure that a user can meet: one class each, built from data, saying culprit, reason and fix.

Imports nothing of ours, so that every layer can raise from here. A class takes the facts (a path, a row, a
status code), never a finished sentence; the sentence is written once, in the class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: A reason that begins with one of these reads on from the culprit; another is a sentence of its own.
_VERBS = {"is", "are", "was", "has", "have", "needs", "cannot", "changed", "does", "did", "failed", "leaves", "keeps"}


class F5PipelineError(Exception):
    """Base of all our errors. ``str()`` is one readable paragraph: culprit, reason, fix."""

    #: The process exit code of the command line: 1 failed, 2 wrong usage.
    exit_code = 1
    #: Whether trying again, unchanged, can help (decided by the class, in this one place).
    transient = False

    def __init__(self, culprit: str, reason: str, fix: str = "") -> None:
        self.culprit, self.reason, self.fix = culprit, reason, fix
        # "Batch 'x' is not there." reads on; "Setting 'y': it must be a number." is a sentence of its own.
        reads_on = reason.partition(" ")[0].rstrip(":") in _VERBS
        super().__init__(" ".join(part for part in (f"{culprit}{'' if reads_on else ':'} {reason}", fix) if part))


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

    Without ``setting`` it is the whole file that cannot be read.
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
    """A store that did not answer, or not properly, each time it was asked."""

    transient = True

    def __init__(self, url: str, doing: str, detail: str) -> None:
        super().__init__(
            url,
            f"{doing} failed: {detail}. It was tried again, in vain.",
            "What is finished is kept: run it again when the store and the network are well.",
        )


class RequestNotAccepted(StoreUnusable):
    """A request that a server answers for good with an error of its own: it does not know a header, a method, …"""

    def __init__(self, url: str, doing: str, detail: str, endpoint: str) -> None:
        fix = f"The server at {endpoint} does not accept this request; see its documentation and docs/stores.md."
        super().__init__(url, f"{doing} failed: {detail}.", fix)


class AccessRefused(StoreUnusable):
    """A 403. ``code`` is S3's own word for why, "" if it gave none; ``skew``: minutes that this clock is off."""

    _FIXES: Mapping[str, str] = {
        "InvalidAccessKeyId": "It does not know AWS_ACCESS_KEY_ID: is it a key of this endpoint ({endpoint})?",
        "SignatureDoesNotMatch": "AWS_SECRET_ACCESS_KEY does not fit AWS_ACCESS_KEY_ID, or the region is wrong "
        "(AWS_DEFAULT_REGION; endpoint {endpoint}), or a proxy alters requests.",
        "ExpiredToken": "The credentials have expired: get new ones (AWS_SESSION_TOKEN).",
        "InvalidToken": "AWS_SESSION_TOKEN does not belong to these credentials.",
    }
    _HIDDEN = (
        "S3 hides several causes behind 403: these credentials lack the permission; the object does not exist and "
        "they may not list the bucket (s3:ListBucket), so S3 will not say so; the endpoint ({endpoint}) or region is "
        "not the bucket's; the clock of this machine is off; the server rejects checksum headers."
    )

    def __init__(self, url: str, doing: str, code: str, endpoint: str, skew: int = 0) -> None:
        self.code = code
        #: A clock can be put right between two attempts; nothing else about a 403 heals by itself.
        self.transient = bool(skew) or code == "RequestTimeTooSkewed"
        fix = self._FIXES.get(code, self._HIDDEN).format(endpoint=endpoint)
        if self.transient:
            fix = f"The clock of this machine is {skew or 'too many'} minutes off the server's: set it (NTP)."
        super().__init__(url, f"{doing} was refused (403{' ' + code if code else ''}).", fix)


class CredentialsMissing(StoreUnusable):
    """A bucket, and no credentials for it, or only half of them."""

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
    """A symbolic link in a store's folder that points out of it."""

    def __init__(self, location: str, target: str) -> None:
        super().__init__(
            location,
            f"is reached through a link to {target}, outside the store, and is not followed.",
            "Copy the file into the store, or mount the folder there.",
        )


class ObjectChanged(F5PipelineError):
    """An object that is not the version that was asked for."""

    transient = True

    def __init__(self, location: str) -> None:
        super().__init__(location, "was replaced a moment ago.", "Try again.")


class KeepsChanging(F5PipelineError):
    """Objects that were replaced again and again while they were being copied."""

    transient = True

    def __init__(self, locations: Sequence[str]) -> None:
        super().__init__(
            " and ".join(locations),
            "changed each time while being copied.",
            "Wait until nobody is writing there, and try again.",
        )


class DownloadFailed(F5PipelineError):
    """A download that did not come about. ``transient``: trying again later may help."""

    def __init__(self, url: str, reason: str, *, transient: bool = False) -> None:
        self.transient = transient
        fix = "Try again later." if transient else "Check the address, and that this machine may use it."
        super().__init__(f"Download of {url}", f"failed: {reason}.", fix)


class NotEnoughDisk(F5PipelineError):
    """Something that would not fit on a disk; nothing of it was written. Sizes are in bytes."""

    def __init__(
        self, folder: str, needs: Mapping[str, int], needed: int, available: int, deletable: Mapping[str, int]
    ) -> None:
        self.folder, self.needed, self.available = folder, needed, available
        listed = ", ".join(f"{what} {_megabytes(size)}" for what, size in needs.items())
        caches = ", ".join(f"{path} ({_megabytes(size)})" for path, size in deletable.items())
        super().__init__(
            f"The disk of {folder}",
            f"is too small: {_megabytes(needed)} needed ({listed}, and head-room), {_megabytes(available)} free. "
            "Nothing was downloaded.",
            f"Free {_megabytes(needed - available)}; caches that may be deleted: {caches}."
            if caches
            else f"Free {_megabytes(needed - available)}, or use another disk (F5_CACHE, or TMPDIR for pip).",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


class FileAltered(F5PipelineError):
    """A file that is not the one it was pinned to be. ``arrived``: just now, and was thrown away."""

    def __init__(self, path: str, found: str, expected: str, *, arrived: bool = False) -> None:
        super().__init__(
            path,
            f"has the sha256 {found[:16]}… instead of {expected[:16]}…: "
            + ("what was fetched is damaged, or is not what it was." if arrived else "it was altered or damaged."),
            f"If the new content is right, delete {path}.record.json or correct the sha256 that is set for it."
            if arrived
            else "Delete it, so that it is fetched again.",
        )


# --- results --------------------------------------------------------------------------------------------------


class ClipDamaged(F5PipelineError):
    """A clip that is not whole: empty, cut short, altered, or never sound at all."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(f"Clip {location}", f"is damaged: {reason}.", "Run its batch again: it is spoken anew.")


class IndexDamaged(F5PipelineError):
    """A batch index that cannot be read."""

    def __init__(self, location: str, reason: str) -> None:
        super().__init__(
            f"Index {location}", f"cannot be read: {reason}.", "Run its batch again: the index is made anew."
        )


class UtteranceMissing(F5PipelineError):
    """An id that a batch does not have."""

    def __init__(self, batch: str, utterance: str, known: Sequence[str]) -> None:
        have = f"It has {len(known)}: {', '.join(known[:5])}{', …' if len(known) > 5 else ''}." if known else ""
        super().__init__(f"Batch {batch!r}", f"has no utterance {utterance[:80]!r}. {have}".rstrip())


class NotSpokenYet(F5PipelineError):
    """A batch whose results or files are asked for before it has been run."""

    def __init__(self, batch: str, what: str) -> None:
        super().__init__(f"Batch {batch!r}", f"has no {what} yet.", f"Speak it with: f5-pipeline run {batch}")


# --- the environment ------------------------------------------------------------------------------------------


class EnvironmentBroken(F5PipelineError):
    """An installed package that does not even start."""

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(package, f"does not start: {reason}.", "Reinstall it, or make a fresh virtual environment.")


class GpuUnusable(F5PipelineError):
    """A GPU that is there and does not compute, most often because others have filled its memory."""

    transient = True

    def __init__(self, gpu: str, reason: str) -> None:
        super().__init__(
            f"The GPU {gpu}",
            f"does not even compute torch's own attention: {reason.rstrip('.')}.",
            "See what else runs on it (nvidia-smi), or choose another with F5_DEVICE.",
        )


class InstallFailed(F5PipelineError):
    """pip did not do what it was asked to."""

    def __init__(self, action: str, reason: str) -> None:
        super().__init__(f"pip {action} of flash_attn", f"failed: {reason}.", "Mend that, or set F5_ATTENTION=torch.")


class FlashAttnBroken(F5PipelineError):
    """An installed flash_attn, not of our installing, that does not work; f5_tts imports it wherever it is."""

    def __init__(self, where: str, reason: str, uninstall: str) -> None:
        super().__init__(
            f"flash_attn in {where}",
            f"is broken: {reason}. It breaks f5_tts too, which imports it whatever attention is used.",
            f"Remove it with: {uninstall}. What fits this machine is then chosen and proven here.",
        )


class AttentionUnavailable(F5PipelineError):
    """``F5_ATTENTION=flash_attn`` where flash_attn cannot be had."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "F5_ATTENTION=flash_attn",
            f"cannot be met: {reason}.",
            "Mend that, or set F5_ATTENTION=auto to use torch's own attention here.",
        )


# --- manifests and batches ------------------------------------------------------------------------------------


class BatchMissing(F5PipelineError):
    """A batch with no manifest in the store."""

    def __init__(self, batch: str, store_url: str, known: Sequence[str]) -> None:
        have = (
            f"It has: {', '.join(sorted(known)[:20])}."
            if known
            else "It has no batches yet (F5_STORE names the store)."
        )
        super().__init__(
            f"Batch {batch!r}",
            f"is not in the store {store_url}. {have}",
            "Put a manifest there with: f5-pipeline submit MANIFEST",
        )


class BadManifest(F5PipelineError):
    """A manifest that cannot be read at all (a bad row is not an error but a rejected row)."""

    def __init__(self, manifest: str, reason: str, fix: str) -> None:
        super().__init__(f"Manifest {manifest}", reason, fix)


class BatchChanging(F5PipelineError):
    """Files of a batch that do not belong together yet: it is being submitted, or was only half submitted."""

    transient = True

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"Batch {batch!r}",
            "is being submitted, or its submission was interrupted.",
            "If nobody is submitting it, submit it again.",
        )


class Superseded(F5PipelineError):
    """A batch that was resolved anew, into something else, while it was being spoken. The newer one's index stays."""

    def __init__(self, batch: str) -> None:
        super().__init__(
            f"Batch {batch!r}",
            "was submitted again, or its voices or settings were changed, while it was being spoken, so that this is "
            "not its result any more. What was spoken is kept.",
            f"Run it again, unless that has been done: f5-pipeline run {batch}",
        )


class BadPronunciations(F5PipelineError):
    """A dictionary of pronunciations that cannot be read: one wrong entry could change a thousand lines."""

    def __init__(self, where: str, reason: str, fix: str) -> None:
        super().__init__(f"Pronunciations {where}", reason, fix)


class RowsRejected(F5PipelineError):
    """Bad rows in a batch that asked to stop at them (``on_bad_rows = "fail"``)."""

    def __init__(self, batch: str, reasons: Sequence[str]) -> None:
        shown = "; ".join(reasons[:5]) + ("; …" if len(reasons) > 5 else "")
        super().__init__(
            f"Batch {batch!r}",
            f"has {len(reasons)} bad rows and on_bad_rows = 'fail': {shown}",
            "Mend these rows, or set on_bad_rows = 'reject' to speak the others.",
        )


# --- voices and models ----------------------------------------------------------------------------------------


class UnknownModel(F5PipelineError):
    """A model name that is not in the catalogue."""

    def __init__(self, model: str, known: Sequence[str]) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is not in the catalogue, which has: {', '.join(known)}.",
            "Name one of these in F5_MODEL or the batch settings, or add yours through F5_MODELS.",
        )


class BadWeights(F5PipelineError):
    """Weights that are missing, altered, or do not belong to their architecture or vocabulary."""

    def __init__(self, model: str, reason: str, fix: str) -> None:
        super().__init__(f"Weights of {model!r}", reason, fix)


class WeightsUnavailable(F5PipelineError):
    """Weights that are not on this machine and cannot be fetched. ``missing`` is source → where it belongs."""

    def __init__(self, model: str, missing: Mapping[str, str], reason: str, *, transient: bool = False) -> None:
        self.transient = transient
        listed = "; ".join(f"{source} as {place}" for source, place in missing.items())
        super().__init__(
            f"Weights of {model!r}",
            f"are not all on this machine. {reason}",
            f"Without a network, put these files there by hand: {listed}. The model 'demo' needs no download.",
        )


class LicenceForbids(F5PipelineError):
    """Weights whose licence forbids what they are wanted for."""

    def __init__(self, model: str, licence: str) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is licensed {licence}, which forbids commercial use, and commercial = true.",
            "Choose a model with another licence, or unset 'commercial' if the speech is not for commercial use.",
        )


# --- delivery -------------------------------------------------------------------------------------------------


class BadEncoding(F5PipelineError):
    """A format that is unknown, or a sample rate, bit depth or channel count that it cannot have."""

    def __init__(self, format: str, reason: str, fix: str) -> None:
        super().__init__(f"Format {format!r}", f"{reason}.", fix)


class EncoderMissing(F5PipelineError):
    """A format whose encoder is an optional package that is not installed (or does not import)."""

    def __init__(self, format: str, package: str, extra: str) -> None:
        super().__init__(
            f"Format {format!r}",
            f"needs {package}, which is not installed.",
            f"Install it with: pip install 'f5-pipeline[{extra}]', or choose wav, flac, mp3, opus or ogg.",
        )


class SectionTooLong(F5PipelineError):
    """A joined file that would be longer than its format can say. Both lengths are in seconds."""

    def __init__(self, section: str, format: str, seconds: float, most: float) -> None:
        super().__init__(
            f"Section {section!r}",
            f"is {seconds / 3600:.1f} hours long, and a {format} file of this kind holds {most / 3600:.1f}.",
            'Choose format = "flac", or divide the section.',
        )


class BadCover(F5PipelineError):
    """A cover of an audiobook that is no picture which players know."""

    def __init__(self, location: str) -> None:
        super().__init__(location, "is neither a JPEG nor a PNG image.", "Replace it, or delete it.")


class PageDamaged(F5PipelineError):
    """A listening page that is not one of this version."""

    def __init__(self, location: str, batch: str) -> None:
        super().__init__(
            location,
            "is not a listening page of this version.",
            f"Deliver the batch again, which speaks nothing: f5-pipeline run {batch}",
        )


class ModelUnsupported(F5PipelineError):
    """A model whose architecture the engine does not run."""

    def __init__(self, model: str, backbone: str) -> None:
        super().__init__(
            f"Model {model!r}",
            f"is a {backbone}, and only DiT models can be spoken with.",
            "Choose an F5-TTS model (v0 or v1).",
        )


class RecogniserMissing(F5PipelineError):
    """A recogniser that a batch asks for and that is not on this machine, or has no model here."""

    def __init__(self, recogniser: str, reason: str, fix: str) -> None:
        super().__init__(f"Recogniser {recogniser}", f"{reason}.", f'{fix}. Or set recogniser = "none".')


class RecogniserFailed(F5PipelineError):
    """A recogniser that could not hear a clip, or does not start at all."""

    def __init__(self, recogniser: str, reason: str) -> None:
        super().__init__(
            f"Recogniser {recogniser}",
            f"failed: {reason.rstrip('.')}.",
            'Its clips are judged by their sound alone. Mend that, or set recogniser = "none".',
        )


class NothingSpoken(F5PipelineError):
    """A batch in which every line that should have been spoken failed."""

    def __init__(self, batch: str, failed: int, first_reason: str) -> None:
        super().__init__(
            f"Batch {batch!r}",
            f"has nothing spoken: all {failed} lines failed, the first with: {first_reason}.",
            f"The index has each line's reason: f5-pipeline results {batch}",
        )


class NothingToDeliver(F5PipelineError):
    """A batch of which no line was spoken. Delivering that would only remove what was delivered before."""

    def __init__(self, batch: str, lines: int) -> None:
        super().__init__(
            f"Batch {batch!r}",
            f"has nothing to deliver: none of its {lines} lines was spoken. What was delivered before stays.",
            f"The index has each line's reason: f5-pipeline results {batch}",
        )


# --- many machines --------------------------------------------------------------------------------------------


class RayMissing(F5PipelineError):
    """``F5_RAY_ADDRESS`` where Ray is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "F5_RAY_ADDRESS",
            "needs ray, which is not installed.",
            "Install it with: pip install 'f5-pipeline[ray]', or unset F5_RAY_ADDRESS to speak on this machine alone.",
        )


class RayUnreachable(F5PipelineError):
    """A Ray cluster that does not answer, or cannot be started here."""

    transient = True

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"The Ray cluster {address!r} (F5_RAY_ADDRESS)",
            f"cannot be used: {reason.rstrip('.')}.",
            "See whether it runs (ray status), whether this machine reaches it, and whether its Python, Ray and "
            "authentication token are the same as here.",
        )


class WorkerDiffers(F5PipelineError):
    """A worker that is not set up as the machine that hands out the lines."""

    def __init__(self, host: str, reason: str) -> None:
        super().__init__(
            f"The worker on {host}",
            f"{reason}.",
            "Give all machines the same f5-pipeline, the same F5_RECOGNISER, and one store: a bucket, or a folder that "
            "is mounted at the same path on each.",
        )


class WorkersUnusable(F5PipelineError):
    """A pool in which no worker is left that could speak."""

    def __init__(self, reasons: Sequence[str], *, transient: bool = False) -> None:
        self.transient = transient
        told = list(dict.fromkeys(reason.rstrip(".") for reason in reasons))
        first = told[0] if told else "none could be started"
        more = f" ({len(told) - 1} other reasons are in the log)" if len(told) > 1 else ""
        super().__init__(
            "The workers of the Ray cluster",
            f"have all left: {first}{more}.",
            "Mend that on the cluster's machines and run the batch again: what was spoken is kept.",
        )


class WorkersNeverReady(F5PipelineError):
    """A cluster that does not make room for workers, or on which none of them gets ready."""

    transient = True

    def __init__(self, asked_for: int, seconds: float) -> None:
        super().__init__(
            "The workers of the Ray cluster",
            f"did not get ready: {asked_for} were asked for, and nobody spoke for {seconds / 60:.0f} minutes.",
            "See what the cluster has room for (ray status): F5_RAY_CPUS_PER_WORKER and F5_RAY_GPUS_PER_WORKER are "
            "what a worker needs of it. What was spoken is kept: run the batch again.",
        )


class VoiceReplaced(F5PipelineError):
    """A reference voice that became another one while a batch was being spoken with it."""

    transient = True  # the next attempt speaks with the new one

    def __init__(self, batch: str, utterance: str) -> None:
        super().__init__(
            f"The batch {batch!r}",
            f"is being spoken with voices that were replaced meanwhile: {utterance!r} would sound otherwise now.",
            "Run it again: it speaks with the new voices, and finds what was spoken where the voice is the same.",
        )


class WorkersKeepDying(F5PipelineError):
    """Workers that die one after the other, and nothing gets done between."""

    def __init__(self, deaths: int, last_reason: str) -> None:
        super().__init__(
            "The workers of the Ray cluster",
            f"keep dying: {deaths} in a row, the last because {last_reason.rstrip('.')}.",
            "Their logs are in the Ray dashboard (ray logs). What was spoken is kept: run the batch again.",
        )
