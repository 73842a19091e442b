"""The policy of all downloads: which web addresses a download may reach, directly and through redirects.

- Encryption is never dropped: https leads to https only.
- An address of a private network (private, loopback, link-local, reserved) is reached only if the first address, which
  the user wrote, is in a private network too.
- Plain http needs a known sha256, unless the server is in a private network.
- A download follows at most ``MOST_REDIRECTS`` redirects.

Names are judged by the IP addresses that the operating system connects to, so that every spelling of an address and
every name of it count alike. ``http`` and ``models.hub`` ask a ``Route`` before they send a request.
"""

from __future__ import annotations

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urljoin, urlsplit

from f5_pipeline.display.secrets import public_address
from f5_pipeline.errors import DownloadRefused

MOST_REDIRECTS = 10
_NAT64 = IPv6Network("64:ff9b::/96")


class Route:
    """The addresses of one download, from the one that the user wrote to that of the last redirect.

    Args:
        url: the first address.
        pinned: the sha256 of the content is known.
    """

    def __init__(self, url: str, pinned: bool) -> None:
        self.url = url  # the present address
        self._first, self._pinned, self._redirects = url, pinned, 0
        self._starts_private: bool | None = None  # None: nothing was reached yet

    def follow(self, location: str) -> None:
        """Go to the address of a redirect, which may be relative to the present one.

        Raises:
            DownloadRefused: there were too many redirects, or the address is not http(s), or drops the encryption.
        """
        self._redirects += 1
        if self._redirects > MOST_REDIRECTS:
            raise self._refused(f"it redirects more than {MOST_REDIRECTS} times", "Set its final address.")
        try:
            target = urljoin(self.url, location)
            scheme, _ = urlsplit(target).scheme, urlsplit(target).port
        except ValueError:
            scheme = ""
        if scheme not in ("http", "https") or not urlsplit(target).hostname:
            raise self._refused("it redirects to an address that is not a web address", "Set its final address.")
        if urlsplit(self.url).scheme == "https" and scheme != "https":
            reason = f"it redirects to {public_address(target)}, an address without encryption"
            raise self._refused(reason, "Set an https:// address that does not lead there.")
        self.url = target

    def reach(self, address: str | None) -> None:
        """Check the IP address that answers for the present address. None: a proxy resolves the name.

        Raises:
            DownloadRefused: it is in a private network and the first one is not, or content could be altered on the
                way unnoticed.
        """
        private = not is_public(address) if address else names_private_host(self.url)
        if self._starts_private is None:
            self._starts_private = private
        if private and not self._starts_private:
            where = f"{public_address(self.url)}, which is in a private network ({address or 'by its name'})"
            reason = f"it redirects to {where}"
            raise self._refused(reason, "If that server is your own, set its address directly.")
        if not (private or self._pinned) and urlsplit(self.url).scheme == "http":
            where = "it is" if self.url == self._first else f"it redirects to {public_address(self.url)}, which is"
            reason = f"{where} plain http, which can be altered on the way, and its sha256 is not known"
            raise self._refused(reason, "Use https://, or give the sha256 (docs/models.md, docs/flash_attn.md).")

    def _refused(self, reason: str, fix: str) -> DownloadRefused:
        return DownloadRefused(public_address(self._first), reason, fix)


def names_private_host(url: str) -> bool:
    """True if the address says itself that its host is in a private network: localhost or an IP address. No look-up."""
    host = urlsplit(url).hostname or ""
    with suppress(ValueError):
        return not is_public(host)
    return host == "localhost" or host.endswith(".localhost")


def is_public(address: str) -> bool:
    """True if an IP address is on the internet, not in a private, local or reserved network.

    Raises:
        ValueError: the text is not an IP address.
    """
    found = ip_address(address.partition("%")[0])  # the part after % is a network interface
    inner = _embedded(found)
    if inner is not None and isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = inner
    return all(each.is_global and not each.is_multicast for each in (found, inner) if each is not None)


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to; None if there is none."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
