"""The policy of downloads, on real servers: chains of redirects, spelt addresses, names, credentials, sizes.

The addresses 127.0.0.1 and 127.0.0.2 are both of this machine; for these tests the second counts as public.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from f5_pipeline.errors import DownloadRefused
from f5_pipeline.storage import http, web_route
from tests.certificates import write_certificate
from tests.file_server import FileServer, serving

PRIVATE, PUBLIC = "127.0.0.1", "127.0.0.2"
Servers = dict[str, FileServer]


@pytest.fixture(autouse=True)
def _one_address_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    real = web_route.is_public
    monkeypatch.setattr(web_route, "is_public", lambda address: address == PUBLIC or real(address))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("certificate") / "server.pem", [PRIVATE, PUBLIC])


@pytest.fixture
def servers(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Servers]:
    """A server of each kind: "private http", "private https", "public http", "public https"."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with ExitStack() as stack:
        yield {
            f"{network} {scheme}": stack.enter_context(
                serving({"/file": b"content"}, host, certificate if scheme == "https" else None)
            )
            for network, host in (("private", PRIVATE), ("public", PUBLIC))
            for scheme in ("http", "https")
        }


def refusal(url: str, folder: Path, *, pinned: bool = True) -> str:
    with pytest.raises(DownloadRefused) as caught:
        http.download(url, folder, pinned=pinned)
    assert not caught.value.transient
    return str(caught.value)


# The servers of a chain of redirects, if the sha256 is known, and the reason of the refusal; "": the file arrives.
CHAINS = [
    ("public https", False, ""),
    ("public http", True, ""),
    ("public http", False, "it is plain http, which can be altered on the way, and its sha256 is not known"),
    ("private http", False, ""),
    ("public https > public https > public https", False, ""),
    ("public https > public http", True, "an address without encryption"),
    ("private https > private http", True, "an address without encryption"),
    ("public http > public https", True, ""),
    ("public http > public https", False, "it is plain http"),
    ("public http > public https > public http", True, "an address without encryption"),
    ("public https > private https", True, f"which is in a private network ({PRIVATE})"),
    ("public http > private http", True, "which is in a private network"),
    ("public https > public https > private https", True, "which is in a private network"),
    ("private https > public https > private https", False, ""),
    ("private http > public http", False, "which is plain http"),
    ("private http > public http", True, ""),
]


@pytest.mark.parametrize(("chain", "pinned", "reason"), CHAINS)
def test_a_chain_of_redirects(servers: Servers, tmp_path: Path, chain: str, pinned: bool, reason: str) -> None:
    hops = [servers[name] for name in chain.split(" > ")]
    paths = [*map(str, range(len(hops) - 1)), "file"]
    for here, path, there, target in zip(hops, paths, hops[1:], paths[1:], strict=False):
        here.redirect[f"/{path}"] = f"{there.url}/{target}"
    url = f"{hops[0].url}/{paths[0]}"
    if not reason:
        assert http.download(url, tmp_path, pinned=pinned).path.read_bytes() == b"content"
        return
    message = refusal(url, tmp_path, pinned=pinned)
    assert message.startswith(f"Download of {url} was refused: ")
    assert reason in message
    assert ("/file", "") not in hops[-1].gets


@pytest.mark.parametrize("spelling", ["2130706433", "0177.0.0.1", "0x7f.1", "127.1", "harmless.example"])
def test_every_spelling_and_name_of_a_private_address(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        return real(PRIVATE if host == "harmless.example" else host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    port = servers["private http"].url.rpartition(":")[2]
    servers["public http"].redirect["/0"] = f"http://{spelling}:{port}/file"
    assert "private network (127.0.0.1)" in refusal(f"{servers['public http'].url}/0", tmp_path)
    assert servers["private http"].gets == []


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "ftp://host/x", "http://[::1", "http://host:99999999/x", "https:x", "data:,x"],
)
def test_a_redirect_that_is_no_web_address(servers: Servers, tmp_path: Path, location: str) -> None:
    servers["private http"].redirect["/0"] = location
    assert "is not a web address" in refusal(f"{servers['private http'].url}/0", tmp_path)


def test_a_circle_of_redirects_ends(servers: Servers, tmp_path: Path) -> None:
    server = servers["private http"]
    server.redirect["/0"] = "0"
    assert "more than 10 times" in refusal(f"{server.url}/0", tmp_path)
    assert server.count("/0") == 11


def test_a_proxy_resolves_the_names(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then only a name that says itself that it is private is known to be."""
    proxy = servers["private http"]
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.delenv("no_proxy", raising=False)
    assert http.download("http://somewhere.example/file", tmp_path, pinned=True).path.read_bytes() == b"content"
    assert "plain http" in refusal("http://somewhere.example/file", tmp_path, pinned=False)
    proxy.redirect["/0"] = "http://10.0.0.1/file"
    assert "private network (by its name)" in refusal("http://somewhere.example/0", tmp_path)


def test_credentials_stay_with_their_host(servers: Servers, tmp_path: Path) -> None:
    first, second = servers["private http"], servers["private https"]
    first.redirect["/0"] = f"{second.url}/file"
    http.download(first.url.replace("://", "://user:secret@") + "/0", tmp_path)
    assert first.credentials == ["Basic dXNlcjpzZWNyZXQ="]
    assert second.credentials == [None]


@pytest.mark.parametrize("lengths", [True, False])
def test_an_object_that_is_too_large_leaves_nothing(servers: Servers, tmp_path: Path, lengths: bool) -> None:
    server = servers["private http"]
    server.lengths = lengths
    assert http.download(f"{server.url}/file", tmp_path / "fits", limit=7).path.read_bytes() == b"content"
    with pytest.raises(DownloadRefused, match="larger than 6 bytes"):
        http.download(f"{server.url}/file", tmp_path / "too large", limit=6)
    assert list((tmp_path / "too large").iterdir()) == []


# An IP address, and if it is on the internet.
ADDRESSES = [
    ("93.184.215.14", True),
    ("10.1.2.3", False),
    ("172.16.0.1", False),
    ("192.168.1.1", False),
    ("100.64.0.1", False),  # shared by the customers of a provider
    ("127.0.0.1", False),
    ("169.254.169.254", False),  # the metadata of a cloud machine
    ("0.0.0.0", False),
    ("224.0.0.1", False),
    ("255.255.255.255", False),
    ("2606:4700::1111", True),
    ("::1", False),
    ("::", False),
    ("fe80::1%eth0", False),
    ("fd00::1", False),
    ("ff02::1", False),
    ("::ffff:93.184.215.14", True),
    ("::ffff:10.1.2.3", False),
    ("64:ff9b::10.1.2.3", False),  # NAT64
    ("64:ff9b::93.184.215.14", True),
    ("2002:a01:203::1", False),  # 6to4
]


@pytest.mark.parametrize(("address", "public"), ADDRESSES)
def test_the_networks_of_addresses(address: str, public: bool) -> None:
    assert web_route.is_public(address) is public
