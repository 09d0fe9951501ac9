"""From an asset of a STAC item to an address that GDAL can read: on this disk, on a server, or fetched first."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit

import pystac
import requests

from highwall.core.errors import MissingInputError, SceneError, TransferError
from highwall.io.aside import remove
from highwall.io.fetching.checks import Expected, expected_of, fault_of, how_checked
from highwall.io.fetching.options import TransferOptions
from highwall.io.fetching.transfer import Remote, Sleep, download, plain_address, size_and_ranges

Tell = Callable[[str, int, int], None]
"""What is under way, how much of it is done, and how much there is."""

Result = TypeVar("Result")

WINDOW: Final = "window"
"""What stands for a checksum where only a part of a file is read."""
_AZURE: Final = ".blob.core.windows.net"
_BYTES_PER_MB: Final = 1_000_000
_SPARE: Final = dt.timedelta(minutes=5)
"""Time before its end at which a token counts as run out."""


class Carried(NamedTuple):
    """Where an asset can be read, and what it was held against."""

    source: str
    """Address at the archive, without signature."""
    address: str
    """Path or address that GDAL opens."""
    checked: str
    """Name of the checksum, ``size``, ``nothing``, or ``window``: only a part is read."""


@dataclass
class Carrier:
    """Brings assets within reach, each once."""

    folder: Path
    """Takes whole files."""
    options: TransferOptions
    token_url: str = ""
    sleep: Sleep = time.sleep
    tell: Tell = lambda what, done, total: None
    _carried: dict[str, Carried] = field(default_factory=dict)
    _tokens: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)

    def carry(self, item: pystac.Item, asset: pystac.Asset) -> Carried:
        """Give where an asset can be read; a whole file is fetched first, if it is not here.

        Raises
        ------
        TransferError
            The server broke off every time.
        SceneError
            There is no such file, or it is not what the archive states.
        MissingInputError
            It lies on this disk, and does not.
        """
        href = asset.get_absolute_href() or asset.href
        if href not in self._carried:
            self._carried[href] = self._brought(href, item, expected_of(asset))
        return self._carried[href]

    def carried(self, asset: pystac.Asset) -> Carried | None:
        """Tell where an asset was brought, if it was."""
        return self._carried.get(asset.get_absolute_href() or asset.href)

    def patiently(self, work: Callable[[], Result]) -> Result:
        """Do work that reads carried files; again, where they are windows on a server that broke off.

        Raises
        ------
        TransferError
            It breaks off every time.
        SceneError
            Whole files cannot be read; they are not kept.
        """
        for number in range(self.options.attempts):
            try:
                return work()
            except SceneError as error:
                if not any(each.checked == WINDOW for each in self._carried.values()):
                    self.release()
                    raise
                last = error
            self.sleep(self.options.pause_s * 2**number)
        raise TransferError(f"{last} If that stays so, take whole files (--transfer whole).") from last

    def address_of(self, href: str) -> str:
        """Where a carried asset is read, by its address in the item; others stay as they are."""
        found = self._carried.get(href)
        return found.address if found else href

    def discard(self, asset: pystac.Asset) -> None:
        """Remove a whole file that came but cannot be read, so that it is fetched anew."""
        found = self._carried.pop(asset.get_absolute_href() or asset.href, None)
        if found is not None and Path(found.address).is_relative_to(self.folder):
            Path(found.address).unlink(missing_ok=True)

    def release(self) -> None:
        """Remove the files that were fetched, and forget them."""
        self._carried.clear()
        remove(self.folder)

    def _brought(self, href: str, item: pystac.Item, expected: Expected) -> Carried:
        if urlsplit(href).scheme not in ("http", "https", "s3"):
            return _here(href, expected)
        remote = Remote(lambda: self._signed(_over_http(href), item), plain_address(href))
        if self._reads_windows(remote, expected):
            return Carried(remote.name, remote.address(), WINDOW)
        path = self.folder / hashlib.sha256(remote.name.encode()).hexdigest()[:16] / Path(urlsplit(href).path).name
        if not path.is_file() or fault_of(path, expected):

            def advance(done: int, total: int) -> None:
                self.tell(f"fetching {path.name}", done, total)

            download(remote, path, expected=expected, options=self.options, sleep=self.sleep, advance=advance)
        return Carried(remote.name, str(path), how_checked(expected))

    def _reads_windows(self, remote: Remote, expected: Expected) -> bool:
        if self.options.mode != "auto":
            return self.options.mode == "window"
        most = self.options.max_whole_mb * _BYTES_PER_MB
        if expected.size is not None and expected.size <= most:
            return False
        size, gives_parts = size_and_ranges(remote, patience_s=self.options.patience_s)
        known = expected.size or size
        return gives_parts and (known is None or known > most)

    def _signed(self, address: str, item: pystac.Item) -> str:
        """Add the collection's reading token, where the archive gives one and the file lies in its storage."""
        host = urlsplit(address).hostname or ""
        if not self.token_url or not host.endswith(_AZURE) or item.collection_id is None:
            return address
        return f"{address}{'&' if urlsplit(address).query else '?'}{self._token(item.collection_id)}"

    def _token(self, collection: str) -> str:
        token, end = self._tokens.get(collection, ("", dt.datetime.min.replace(tzinfo=dt.UTC)))
        if end <= dt.datetime.now(dt.UTC) + _SPARE:
            token, end = _token_from(f"{self.token_url}/{collection}", patience_s=self.options.patience_s)
            self._tokens[collection] = (token, end)
        return token


def _token_from(address: str, *, patience_s: float) -> tuple[str, dt.datetime]:
    try:
        answer = requests.get(address, timeout=patience_s)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return str(told["token"]), dt.datetime.fromisoformat(str(told["msft:expiry"]))
    except (requests.RequestException, KeyError, ValueError) as error:
        raise TransferError(
            f"{address} gave no reading token: {error}. Try again later, or another archive."
        ) from error


def _here(href: str, expected: Expected) -> Carried:
    """Check a file on this disk."""
    parts = urlsplit(href)
    path = Path(unquote(parts.path)) if parts.scheme == "file" else Path(href)
    if not path.is_file():
        raise MissingInputError(f"the archive names {path}, which does not exist; correct its items.")
    if fault := fault_of(path, expected):
        raise SceneError(f"{path} is not what the archive states: {fault}.")
    return Carried(str(path), str(path), how_checked(expected))


def _over_http(href: str) -> str:
    """Address of a public S3 object over HTTPS; others stay as they are."""
    parts = urlsplit(href)
    return f"https://{parts.netloc}.s3.amazonaws.com{parts.path}" if parts.scheme == "s3" else href
