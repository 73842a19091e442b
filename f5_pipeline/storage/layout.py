"""The layout of a store: every object key that this product reads or writes, in one place.

    voices/NAME.(wav|…)  voices/NAME.(txt|srt|vtt)  voices/NAME.toml
    manifests/BATCH.(csv|xlsx|…)                    the manifest, with BATCH.toml, a dictionary, a cover and the
                                                    listener's decisions beside it
    pronunciations.csv                              the dictionary of all batches
    clips/KK/KEY.flac                               KK: the first two digits of the clip key KEY
    clips/KK/KEY.RECOGNISER.json                    the transcript of a clip
    clips/KK/KEY.NETWORKS.json                      the neural measures of a clip
    batches/BATCH/…                                 index, utterances, provenance, delivered files
    models/…                                        the mirror of model files and wheels

Every name in a key is checked here, so that no key leaves its folder.
"""

from __future__ import annotations

import re

from f5_pipeline.errors import UnsafeName
from f5_pipeline.storage.object_store import check_slug, is_slug

VOICES = "voices/"
MANIFESTS = "manifests/"
CLIPS = "clips/"
BATCHES = "batches/"
MODELS = "models/"
STORE_DICTIONARY = "pronunciations.csv"
AUDIO = "audio/"  # in a batch's folder: the delivered files, one for each line
TAKES = "takes/"  # in a batch's folder: the takes that were not chosen, for the listening page
REFERENCES = "references/"  # in a batch's folder: the recordings of its voices, for the listening page
REPORT = "report.html"  # the listening page

MANIFEST_FORMATS = ("csv", "tsv", "tab", "xlsx", "jsonl", "json", "parquet", "txt", "md", "srt", "vtt")
COVERS = ("jpg", "jpeg", "png")  # manifests/BATCH.jpg is the cover of the audiobook
DICTIONARY = ".pronunciations"  # manifests/BATCH.pronunciations.csv is not a manifest
DECISIONS = ".decisions"  # manifests/BATCH.decisions.csv is not a manifest
SUBMITTING = "submitting"  # manifests/BATCH.submitting exists while the files of BATCH are being replaced

_CLIP_KEY = re.compile(r"[0-9a-f]{64}")
_INTERNAL = {"utterances.jsonl", "provenance.json", "delivery.json", "report.links.html"}
_LEASE = re.compile(r"batches/[^/]+/lease-[0-9a-f]{16}(-[0-9a-f]{8})?\.bin")


def is_batch_name(name: str) -> bool:
    """True if a batch may have this name: a slug that is not the name of a dictionary or of decisions."""
    return is_slug(name) and not name.lower().endswith((DICTIONARY, DECISIONS))


def voice_object(file: str) -> str:
    """The key of one file of a voice, such as ``anna.wav``."""
    return f"{VOICES}{check_slug('voice', file)}"


def manifest_object(batch: str, suffix: str) -> str:
    """The key of a batch's manifest, or of a file beside it, by its suffix: ``csv``, ``toml``, ``jpg``."""
    return f"{MANIFESTS}{check_slug('batch', batch)}.{suffix}"


def dictionary_object(batch: str) -> str:
    """The key of a batch's own pronunciation dictionary."""
    return f"{MANIFESTS}{check_slug('batch', batch)}{DICTIONARY}.csv"


def decisions_object(batch: str) -> str:
    """The key of the listener's decisions on the lines of a batch."""
    return f"{MANIFESTS}{check_slug('batch', batch)}{DECISIONS}.csv"


def clip_object(key: str) -> str:
    """The object key of a clip.

    Raises:
        UnsafeName: ``key`` is not 64 hexadecimal digits.
    """
    if _CLIP_KEY.fullmatch(key) is None:
        raise UnsafeName("clip key", key)
    return f"{CLIPS}{key[:2]}/{key}.flac"


def transcript_object(key: str, recogniser: str) -> str:
    """The object key of a recogniser's transcript of a clip.

    Raises:
        UnsafeName: ``key`` is not a clip key, or ``recogniser`` is not a slug.
    """
    return f"{clip_object(key).removesuffix('flac')}{check_slug('recogniser', recogniser)}.json"


def neural_object(key: str, networks: str) -> str:
    """The object key of what networks have measured on a clip.

    Raises:
        UnsafeName: ``key`` is not a clip key, or ``networks`` is not a slug.
    """
    return f"{clip_object(key).removesuffix('flac')}{check_slug('networks', networks)}.json"


def clip_key_of(object_key: str) -> str | None:
    """The clip key that an object under ``clips/`` belongs to, a clip or a record of it; None for a foreign object."""
    name = object_key.rpartition("/")[2].partition(".")[0]
    return name if _CLIP_KEY.fullmatch(name) else None


def batch_folder(batch: str) -> str:
    """The prefix of all objects of a batch except its manifest: ``batches/BATCH/``."""
    return f"{BATCHES}{check_slug('batch', batch)}/"


def batch_of_object(object_key: str) -> str:
    """The batch that an object under ``batches/`` belongs to."""
    return object_key.split("/")[1]


def parquet_object(batch: str) -> str:
    return f"{batch_folder(batch)}index.parquet"


def csv_object(batch: str) -> str:
    return f"{batch_folder(batch)}index.csv"


def is_index(object_key: str) -> bool:
    """True for ``index.parquet``, the index that programs read."""
    return object_key.startswith(BATCHES) and object_key.endswith("/index.parquet")


def utterances_object(batch: str) -> str:
    return f"{batch_folder(batch)}utterances.jsonl"


def provenance_object(batch: str) -> str:
    return f"{batch_folder(batch)}provenance.json"


def delivery_record_object(batch: str) -> str:
    return f"{batch_folder(batch)}delivery.json"


def audio_folder(batch: str) -> str:
    """The folder of the delivered files, one per line."""
    return f"{batch_folder(batch)}{AUDIO}".removesuffix("/")


def report_object(batch: str) -> str:
    """The listening page."""
    return f"{batch_folder(batch)}{REPORT}"


def shared_report_object(batch: str) -> str:
    """The listening page with presigned links."""
    return f"{batch_folder(batch)}report.links.html"


def lease_object(batch: str, token: str) -> str:
    """The lease of a run of a batch; ``token`` is 16 hexadecimal digits. Extensions of it append 8 more."""
    return f"{batch_folder(batch)}lease-{token}.bin"


def lease_token(object_key: str) -> str:
    """The token of a lease, or of the lease that an extension belongs to."""
    return object_key.rpartition("/lease-")[2][:16]


def is_lease(object_key: str) -> bool:
    return _LEASE.fullmatch(object_key) is not None


def is_internal(object_key: str) -> bool:
    """True for the pipeline's own records of a batch, which are not delivered to users."""
    return is_lease(object_key) or object_key.rpartition("/")[2] in _INTERNAL
