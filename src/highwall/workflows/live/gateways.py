"""The server's folder of secrets: authority, signing key, and what the broker reads to let gateways in and out."""

import datetime as dt
import logging
import os
import secrets
import signal
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from highwall.core.errors import ConfigError, InputError
from highwall.edge.configuration import read_config
from highwall.edge.options import GatewayConfig
from highwall.telemetry.device_map import Device
from highwall.twin import broker
from highwall.twin.authority import (
    SERVER_NAME,
    Authority,
    Revoked,
    is_near_end,
    issue_gateway,
    issue_server,
    new_authority,
    revocation_list,
)
from highwall.twin.broker import BrokerOptions, broker_acl, broker_config
from highwall.twin.keys import new_request, new_signing_key, request_for, sign_config, verifying_key
from highwall.twin.sql import gateways
from highwall.twin.sql.database import Database
from highwall.web.services import GatewayDesk
from highwall.workflows.alone import one_at_a_time

_AUTHORITY_KEY: Final = "authority.key"
_SIGNING_KEY: Final = "signing.key"
_ISSUED: Final = "issued"
_LOG: Final = logging.getLogger("highwall.serve")
_MOST: Final = 100_000
"""Gateways of one site."""
_MOST_CONFIG_BYTES: Final = 512 * 1024
"""Largest configuration that is signed: as the largest item of a gateway, it passes any broker of ours [byte]."""


def prepare_secrets(
    folder: Path, *, site: str, hosts: tuple[str, ...], options: BrokerOptions, now: dt.datetime | None = None
) -> None:
    """Make, where they are not there yet, the authority, the signing key and all that Mosquitto needs to start.

    The server's own certificate is renewed near its end, for the same key.

    Raises
    ------
    ConfigError
        The folder cannot be written.
    """
    now = now or dt.datetime.now(dt.UTC)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / _ISSUED).mkdir(exist_ok=True)
    except OSError as error:
        raise ConfigError(f"secrets cannot be kept in {folder}: {error}; name a folder of your own.") from error
    if not (folder / _AUTHORITY_KEY).exists():
        made = new_authority(site, now=now)
        _keep(folder / broker.AUTHORITY_FILE, made.certificate)
        _keep(folder / _AUTHORITY_KEY, made.key)
    if not (folder / _SIGNING_KEY).exists():
        _keep(folder / _SIGNING_KEY, new_signing_key())
    if not (folder / broker.KEY_FILE).exists():
        request = new_request(SERVER_NAME)
        issued = issue_server(_authority(folder), request.request, hosts=hosts, now=now)
        _keep(folder / broker.CERTIFICATE_FILE, issued.certificate)
        _keep(folder / broker.KEY_FILE, request.key)
    elif is_near_end((folder / broker.CERTIFICATE_FILE).read_bytes(), now=now):
        again = request_for((folder / broker.KEY_FILE).read_bytes(), SERVER_NAME)
        issued = issue_server(_authority(folder), again, hosts=hosts, now=now)
        _keep(folder / broker.CERTIFICATE_FILE, issued.certificate)
        _LOG.warning("the server's own certificate was near its end and is now valid until %s", issued.until)
    _keep(folder / broker.CONFIG_FILE, broker_config(folder.resolve(), options).encode())


def open_desk(folder: Path, database: Database, *, site: str, address: str) -> GatewayDesk:
    """Open the desk at which gateways are let in and out.

    Parameters
    ----------
    address
        Of the broker, as gateways reach it: ``HOST:PORT``.
    """
    signing = (folder / _SIGNING_KEY).read_bytes()

    def certify(gateway: str, request: bytes) -> tuple[str, str]:
        issued = issue_gateway(_authority(folder), request, gateway=gateway, now=dt.datetime.now(dt.UTC))
        _keep(folder / _ISSUED / f"{issued.fingerprint}.pem", issued.certificate)
        return issued.certificate.decode(), issued.fingerprint

    desk = GatewayDesk(
        certify=certify, authority=(folder / broker.AUTHORITY_FILE).read_text(), broker=address,
        verifying_key=verifying_key(signing), sign=lambda content: sign_config(content, signing),
        refresh=lambda: tell_broker(folder, database, site=site), schema=config_schema(),
        check=_check_config,
    )  # fmt: skip
    desk.refresh()
    return desk


def config_schema() -> dict[str, Any]:
    """JSON Schema of a gateway's configuration, with that of the devices beside it, which another library reads."""
    schema = GatewayConfig.model_json_schema()
    (device,), parts = msgspec.json.schema_components((Device,), ref_template="#/$defs/{name}")
    schema["$defs"] |= parts
    schema["$defs"]["ReaderOptions"]["properties"]["devices"]["additionalProperties"] = device
    return schema


def _check_config(content: str) -> None:
    """Refuse a configuration that no gateway would take, or that the broker would not carry."""
    n_bytes = len(msgspec.json.encode(content))
    if n_bytes > _MOST_CONFIG_BYTES:
        raise InputError(f"the configuration takes {n_bytes} bytes; the most that travels is {_MOST_CONFIG_BYTES}.")
    read_config(content)


def tell_broker(folder: Path, database: Database, *, site: str) -> None:
    """Write who may come and whose certificate counts no more, and have the broker read it: the newest, last."""
    with one_at_a_time(folder / broker.ACL_FILE):
        with database.read() as store:
            known = [one.id for one in gateways.gateways(store, limit=_MOST) if one.is_trusted]
            revoked = gateways.revoked_fingerprints(store)
        now = dt.datetime.now(dt.UTC)
        entries = [Revoked(serial, now) for one in revoked if (serial := _serial(folder, one)) is not None]
        _keep(folder / broker.ACL_FILE, broker_acl(site, known).encode())
        _keep(folder / broker.REVOKED_FILE, revocation_list(_authority(folder), entries, now=now))
        _wake(folder / broker.PID_FILE)


def _authority(folder: Path) -> Authority:
    return Authority((folder / broker.AUTHORITY_FILE).read_bytes(), (folder / _AUTHORITY_KEY).read_bytes())


def _serial(folder: Path, fingerprint: str) -> int | None:
    """Serial number of a certificate that was issued here; None of one from before the folder was lost."""
    path = folder / _ISSUED / f"{fingerprint}.pem"
    if not path.is_file():
        return None
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificate.serial_number if certificate.fingerprint(hashes.SHA256()).hex() == fingerprint else None


def _wake(pid_file: Path) -> None:
    """Have Mosquitto read its files again, if it runs on this machine."""
    try:
        os.kill(int(pid_file.read_text()), signal.SIGHUP)
    except (OSError, ValueError):
        return


def _keep(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all, whoever writes it at the same time."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
