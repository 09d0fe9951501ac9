"""What gateways were told: configurations, version by version, and commands with what came of them."""

from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    update,
)

from highwall.telemetry.messages import Command, SignedConfig
from highwall.twin.sql.database import METADATA

_CONFIGS: Final = Table(
    "gateway_configs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("gateway_id", String(40), nullable=False),
    Column("version", Integer, nullable=False),
    Column("content", Text, nullable=False),
    Column("signature", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("outcome", Text),
    Column("reported_us", BigInteger),
    UniqueConstraint("gateway_id", "version"),
)
_COMMANDS: Final = Table(
    "gateway_commands",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("gateway_id", String(40), nullable=False, index=True),
    Column("command", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("result", Text),
    Column("done_us", BigInteger),
)
_MOST_VERSION: Final = 2**31 - 1
"""Greatest number that the column of versions holds."""


class Configuration(NamedTuple):
    """One version of a gateway's configuration."""

    gateway_id: str
    version: int
    content: str
    """JSON, exactly as it was signed."""
    signature: str
    who: str
    at_us: int
    outcome: str | None
    """What the gateway reported, as ``applied`` or ``rolled_back``; None: nothing yet."""
    reported_us: int | None

    @property
    def signed(self) -> SignedConfig:
        """What travels to the gateway."""
        return SignedConfig(self.content, self.signature)


class GivenCommand(NamedTuple):
    """A command that a gateway was given."""

    gateway_id: str
    command: Command
    who: str
    at_us: int
    result: dict[str, Any] | None
    """What came of it; None: nothing yet."""
    done_us: int | None


def next_version(connection: Connection, gateway_id: str) -> int:
    """Number of the configuration that would come next."""
    newest = select(func.max(_CONFIGS.c.version)).where(_CONFIGS.c.gateway_id == gateway_id)
    return (connection.scalar(newest) or 0) + 1


def put_configuration(
    connection: Connection, gateway_id: str, signed: SignedConfig, *, version: int, who: str, at_us: int
) -> None:
    """Keep a new version of a gateway's configuration."""
    row = {"gateway_id": gateway_id, "version": version, "content": signed.content, "signature": signed.signature}
    connection.execute(_CONFIGS.insert().values(row | {"who": who, "at_us": at_us}))


def configurations(connection: Connection, gateway_id: str, *, limit: int = 100) -> list[Configuration]:
    """Versions of a gateway's configuration, newest first."""
    columns = [column for column in _CONFIGS.c if column.name != "id"]
    wanted = select(*columns).where(_CONFIGS.c.gateway_id == gateway_id)
    rows = connection.execute(wanted.order_by(_CONFIGS.c.version.desc()).limit(limit))
    return [Configuration(*row) for row in rows]


def unreported(connection: Connection) -> list[Configuration]:
    """Newest configuration of each gateway, where the gateway has not reported of it yet."""
    newer = _CONFIGS.alias()
    newest = select(func.max(newer.c.version)).where(newer.c.gateway_id == _CONFIGS.c.gateway_id).scalar_subquery()
    columns = [column for column in _CONFIGS.c if column.name != "id"]
    wanted = select(*columns).where(_CONFIGS.c.version == newest, _CONFIGS.c.outcome.is_(None))
    return [Configuration(*row) for row in connection.execute(wanted.order_by(_CONFIGS.c.gateway_id))]


def note_outcome(connection: Connection, gateway_id: str, *, version: int, outcome: str, at_us: int) -> bool:
    """Keep what a gateway reported of a version; says whether there is such a version."""
    if not 0 < version <= _MOST_VERSION:
        return False
    wanted = update(_CONFIGS).where(_CONFIGS.c.gateway_id == gateway_id, _CONFIGS.c.version == version)
    return connection.execute(wanted.values(outcome=outcome, reported_us=at_us)).rowcount > 0


def put_command(connection: Connection, gateway_id: str, command: Command, *, who: str, at_us: int) -> None:
    """Keep a command before it is sent."""
    words = msgspec.json.encode(command).decode()
    row = {"id": command.command_id, "gateway_id": gateway_id, "command": words, "who": who, "at_us": at_us}
    connection.execute(_COMMANDS.insert().values(row))


def commands(connection: Connection, gateway_id: str, *, limit: int = 100) -> list[GivenCommand]:
    """Commands that a gateway was given, newest first."""
    wanted = select(_COMMANDS).where(_COMMANDS.c.gateway_id == gateway_id)
    rows = connection.execute(wanted.order_by(_COMMANDS.c.at_us.desc(), _COMMANDS.c.id).limit(limit))
    return [_given(row) for row in rows]


def is_given(connection: Connection, command_id: str) -> bool:
    """Whether there is a command with this id."""
    return connection.scalar(select(_COMMANDS.c.id).where(_COMMANDS.c.id == command_id)) is not None


def unanswered(connection: Connection, *, since_us: int) -> list[GivenCommand]:
    """Commands since then of which nothing has come yet, oldest first."""
    wanted = select(_COMMANDS).where(_COMMANDS.c.done_us.is_(None), _COMMANDS.c.at_us >= since_us)
    return [_given(row) for row in connection.execute(wanted.order_by(_COMMANDS.c.at_us, _COMMANDS.c.id))]


def note_result(
    connection: Connection, gateway_id: str, command_id: str, *, result: dict[str, Any], at_us: int
) -> bool:
    """Keep what came of a command; says whether this gateway was given one with this id and had not answered."""
    wanted = update(_COMMANDS).where(
        _COMMANDS.c.id == command_id, _COMMANDS.c.gateway_id == gateway_id, _COMMANDS.c.done_us.is_(None)
    )
    words = msgspec.json.encode(result).decode()
    return connection.execute(wanted.values(result=words, done_us=at_us)).rowcount > 0


def _given(row: Any) -> GivenCommand:
    result = None if row.result is None else msgspec.json.decode(row.result, type=dict[str, Any])
    return GivenCommand(
        row.gateway_id, msgspec.json.decode(row.command, type=Command), row.who, row.at_us, result, row.done_us
    )
