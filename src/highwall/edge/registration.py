"""Joining a site: a one-time claim code becomes the gateway's own key and certificate, kept in its folder."""

import json
import os
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from highwall.core.errors import InputError, MissingInputError
from highwall.edge.configuration import replace_file
from highwall.edge.options import DestinationOptions, GatewayConfig
from highwall.telemetry.messages import check_name
from highwall.twin.keys import new_request, request_for
from highwall.twin.mqtt import MqttOptions

KEY_FILE: Final = "gateway.key"
CERTIFICATE_FILE: Final = "gateway.pem"
AUTHORITY_FILE: Final = "authority.pem"
IDENTITY_FILE: Final = "identity.json"
_PATH: Final = "/api/gateways/claim"
_ANSWER_S: Final = 30.0
_LOCAL: Final = ("127.0.0.1", "::1", "localhost")
_MOST_BYTES: Final = 2**20

Post = Callable[[str, bytes], bytes]
"""Sends a body to an address, and gives the answer."""


class Granted(msgspec.Struct, frozen=True):
    """What the server answers to a claim."""

    gateway_id: str
    site: str
    certificate: str
    """PEM."""
    authority: str
    """PEM."""
    broker: str
    """``HOST:PORT``."""
    signing_key: str
    """Public key (Ed25519, base64) that signs configurations."""


class Identity(msgspec.Struct, frozen=True):
    """Who a gateway is."""

    gateway: str
    site: str
    host: str
    """Of the broker."""
    port: int
    signing_key: str

    @property
    def destination(self) -> DestinationOptions:
        """Broker that the claim named."""
        return DestinationOptions(host=self.host, port=self.port)

    def first_config(self) -> GatewayConfig:
        """Give the configuration that a gateway begins with."""
        return GatewayConfig(gateway=self.gateway, version=0)


def claim(folder: Path, *, server: str, code: str, post: Post, again: bool = False) -> Identity:
    """Join a site, and keep key, certificates and identity in a folder that only its owner can read.

    The key is made before the code is used, and stays when anything fails: the same call may be made again. The
    certificate is written last: as long as there is no good one the folder may be claimed again.

    Parameters
    ----------
    server
        Address of the server, as ``https://mine.example``.
    again
        Whether the folder may belong to that very gateway, as after its certificate ran out or was damaged.

    Raises
    ------
    InputError
        The folder belongs to a gateway already, or the code is for another; the server refuses the code, or its answer
        makes no sense.
    OutputError
        The folder cannot be written.
    """
    before = read_identity(folder) if (folder / IDENTITY_FILE).exists() else None
    if before is not None and not again:
        raise InputError(f"{folder} belongs to gateway {before.gateway!r} already; choose another.")
    _check_address(server)
    request = _own_request(folder)
    body = json.dumps({"code": code.strip(), "csr": request.decode()}).encode()
    granted = _read(post(server.rstrip("/") + _PATH, body))
    host, port = _address(granted.broker)
    identity = Identity(
        check_name(granted.gateway_id, what="gateway"), check_name(granted.site, what="site"), host, port,
        granted.signing_key,
    )  # fmt: skip
    if before is not None and (before.gateway, before.site) != (identity.gateway, identity.site):
        raise InputError(
            f"the code is for {identity.gateway!r} of {identity.site!r}, and what waits in {folder} is of "
            f"{before.gateway!r} of {before.site!r}; have a code made for that one."
        )
    replace_file(folder / AUTHORITY_FILE, granted.authority.encode())
    replace_file(folder / IDENTITY_FILE, msgspec.json.encode(identity))
    replace_file(folder / CERTIFICATE_FILE, granted.certificate.encode())
    return identity


def read_identity(folder: Path) -> Identity:
    """Read who a gateway is.

    Raises
    ------
    MissingInputError
        The folder belongs to none.
    InputError
        The file cannot be read.
    """
    path = folder / IDENTITY_FILE
    if not path.exists():
        raise MissingInputError(f"{folder} belongs to no gateway; join a site with highwall gateway claim.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except msgspec.DecodeError as error:
        raise InputError(f"{path} cannot be read ({error}); claim the gateway anew in another folder.") from error


def mqtt_options(folder: Path, identity: Identity, destination: DestinationOptions | None = None) -> MqttOptions:
    """Tell how the broker of a site is reached with the gateway's certificate; by default the one of the claim."""
    destination = destination or identity.destination
    return MqttOptions(
        host=destination.host, port=destination.port, client_id=identity.gateway, authority=folder / AUTHORITY_FILE,
        certificate=folder / CERTIFICATE_FILE, key=_key_file(folder),
    )  # fmt: skip


def poster(authority: Path | None) -> Post:
    """Give what posts over HTTPS; an authority (PEM) vouches for the server in the place of the system's own."""
    context = ssl.create_default_context(cafile=None if authority is None else str(authority))

    def post(address: str, body: bytes) -> bytes:
        headers = {"Content-Type": "application/json", "X-Highwall": "1"}
        request = urllib.request.Request(address, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWER_S, context=context) as answer:
                content: bytes = answer.read(_MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                raise InputError(f"the server refuses ({error.code}): {_told(error.read(_MOST_BYTES))}") from error
        except OSError as error:
            raise InputError(f"no server answers at {address}: {error}.") from error
        return content

    return post


def _own_request(folder: Path) -> bytes:
    """Request for the certificate of this folder's key, which is made where there is none."""
    path = folder / KEY_FILE
    if path.exists():
        return request_for(path.read_bytes(), "gateway")
    made = new_request("gateway")
    folder.mkdir(parents=True, exist_ok=True)
    os.chmod(folder, 0o700)
    replace_file(path, made.key)
    return made.request


def _key_file(folder: Path) -> Path:
    """File of the key: since the first renewal it stands behind the certificate."""
    certificate = folder / CERTIFICATE_FILE
    has_key = certificate.exists() and b"PRIVATE KEY" in certificate.read_bytes()
    return certificate if has_key else folder / KEY_FILE


def _check_address(server: str) -> None:
    parts = urllib.parse.urlsplit(server)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    if not is_safe or not parts.hostname:
        raise InputError(f"server {server!r}: give https://NAME; a claim code does not travel in the open.")


def _read(answer: bytes) -> Granted:
    try:
        return msgspec.json.decode(answer, type=Granted)
    except msgspec.DecodeError as error:
        raise InputError(f"the server's answer makes no sense ({error}); is it a Highwall of this version?") from error


def _address(broker: str) -> tuple[str, int]:
    parts = urllib.parse.urlsplit(broker if "//" in broker else f"//{broker}")
    try:
        if parts.hostname and parts.port:
            return parts.hostname, parts.port
    except ValueError:  # a port that is no number
        pass
    raise InputError(f"the server names its broker {broker!r}; it should be HOST:PORT.")


def _told(body: bytes) -> str:
    """What an answer that refuses says."""
    try:
        error = json.loads(body)["error"]
        return f"{error['what']} {error.get('cure', '')}".strip()
    except (ValueError, KeyError, TypeError):
        return "it does not say why."
