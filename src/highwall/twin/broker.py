"""What Mosquitto is told: who may connect, as whom, and what each may say and hear.

Gateways show a certificate and are whoever it names, their session too, so that none can push another out. Each may
write what it says and read what is said to it, nothing else; one that is not listed may do nothing. The server speaks
at a listener of its own, on its own machine, where several workers may each have a session.
"""

import getpass
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from highwall.telemetry.messages import VERSION, check_name
from highwall.twin.authority import SERVER_NAME

AUTHORITY_FILE: Final = "authority.pem"
CERTIFICATE_FILE: Final = "server.pem"
KEY_FILE: Final = "server.key"
REVOKED_FILE: Final = "revoked.pem"
ACL_FILE: Final = "broker.acl"
CONFIG_FILE: Final = "mosquitto.conf"
PID_FILE: Final = "mosquitto.pid"
_NO_LIMIT: Final = 1_000_000_000
"""Messages that wait for one who is away: their size is what is limited. By 0, which means the same, Mosquitto 2 also
cuts the connection at each message that it refuses, and with it goes what was sent after that message."""


class BrokerOptions(BaseModel):
    """How the broker of a site is set up."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field("0.0.0.0", description="at which it listens for gateways")
    port: int = Field(8883, ge=1, le=65_535, description="port for gateways")
    server_port: int = Field(8884, ge=1, le=65_535, description="port for the server, on this machine alone")
    user: str = Field(
        default_factory=getpass.getuser, min_length=1,
        description="account under which it runs when started by root; that of the server, whose files it reads",
    )  # fmt: skip
    max_message_kib: int = Field(
        1024, ge=576, le=65_536, description="largest message that it takes; an item of a gateway has up to 512 [KiB]"
    )
    max_queued_mib: int = Field(
        256, ge=1, le=65_536, description="what it keeps for a server that is away; gateways keep the rest [MiB]"
    )
    session_days: int = Field(14, ge=1, le=365, description="after which the session of one away is forgotten [day]")


def broker_config(folder: Path, options: BrokerOptions) -> str:
    """Configuration of Mosquitto 2, whose files lie in a folder."""
    return f"""\
# Written by highwall; it is overwritten.
user {options.user}
pid_file {folder / PID_FILE}
persistence true
persistence_location {folder}/
autosave_interval 60
persistent_client_expiration {options.session_days}d
allow_anonymous false
acl_file {folder / ACL_FILE}
max_inflight_messages 2000
max_queued_messages {_NO_LIMIT}
max_queued_bytes {options.max_queued_mib * 2**20}
max_packet_size {options.max_message_kib * 1024}
set_tcp_nodelay true

listener {options.port} {options.address}
{_tls(folder)}
use_username_as_clientid true

listener {options.server_port} 127.0.0.1
{_tls(folder)}
"""


def broker_acl(site: str, gateways: Iterable[str]) -> str:
    """Say who may write and read what: the server all of its site, each gateway its own."""
    root = f"{VERSION}/{check_name(site, what='site')}"
    rules = [f"user {SERVER_NAME}\ntopic readwrite {root}/#\n"]
    for gateway in sorted(gateways):
        own = f"{root}/{check_name(gateway, what='gateway')}"
        writes = "".join(f"topic write {own}/{what}\n" for what in ("up/+", "status", "renew"))
        rules.append(f"user {gateway}\n{writes}topic read {own}/down/+\n")
    return "\n".join(rules)


def _tls(folder: Path) -> str:
    return f"""\
cafile {folder / AUTHORITY_FILE}
certfile {folder / CERTIFICATE_FILE}
keyfile {folder / KEY_FILE}
crlfile {folder / REVOKED_FILE}
tls_version tlsv1.2
require_certificate true
use_identity_as_username true"""
