"""Gateways and tags."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from highwall.web.instants import Instant
from highwall.web.schemas.base import Given, Line, Name, Note, Told

Code = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9-]+$")]
Pem = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[\x09\x0a\x0d\x20-\x7e]+$")]
Argument = Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] | float | bool | None


class CommandTold(Told):
    """A command that a gateway was given."""

    id: str
    verb: str
    who: str
    at: Instant
    result: dict[str, Any] | None
    done: Instant | None


class GatewayTold(Told):
    """A gateway and its last word."""

    id: str
    name: str
    location_id: str | None
    state: Literal["waiting", "online", "offline", "revoked"]
    last_heard: Instant | None
    waiting: dict[str, int] = Field(description="readings not yet durable here, by class")
    buffer_days: float | None
    config_hash: str
    version: str
    commands: list[CommandTold]


class GatewayPage(Told):
    """Gateways in the order of their ids."""

    gateways: list[GatewayTold]
    next: str | None


class NewClaim(Given):
    """A gateway that shall be let in."""

    id: Name | None = Field(None, description="by default made from the name")
    name: Line
    location_id: Name | None = None


class ClaimMade(Told):
    """A one-time code for a gateway, told this once."""

    gateway_id: str
    code: str
    until: Instant


class Claiming(Given):
    """What a gateway sends with its code."""

    code: Code
    csr: Pem = Field(description="request for a certificate, PKCS #10 in PEM")


class Claimed(Told):
    """What a gateway needs from then on."""

    gateway_id: str
    site: str
    certificate: str
    authority: str
    broker: str
    signing_key: str


class NewCommand(Given):
    """What a gateway shall do."""

    verb: Literal["scan", "restart", "calibrate", "infer"]
    arguments: dict[Name, Argument] = Field(default_factory=dict, max_length=20)


class NewConfiguration(Given):
    """A gateway's configuration."""

    content: dict[str, Any] = Field(max_length=100)
    why: Note


class ConfigurationTold(Told):
    """A version of a gateway's configuration."""

    version: int
    content: str
    who: str
    at: Instant
    outcome: str | None


class VersionTold(ConfigurationTold):
    """A version that was given, and what became of it."""

    sha256: str
    reported: Instant | None


class ConfigurationsTold(Told):
    """What a gateway was configured with, and what it says that it works by."""

    versions: list[VersionTold] = Field(description="newest first")
    in_force: int | None = Field(description="version whose hash the gateway reports; 0: what it began with")
    reported_hash: str
    content_schema: dict[str, Any] = Field(description="JSON Schema of a configuration")


class TagTold(Told):
    """A tag and whose it is."""

    id: str
    issued: Instant
    asset_id: str | None
    is_used: bool


class ReplacementTold(Told):
    """Someone's wish that one tag takes the place of another."""

    id: int
    tag_id: str
    by_tag: str
    why: str
    asked_by: str
    asked_role: str
    at: Instant


class TagPage(Told):
    """Tags in the order of their ids."""

    tags: list[TagTold]
    replacements: list[ReplacementTold]
    next: str | None


class NewTags(Given):
    """How many tags to issue."""

    count: int = Field(ge=1, le=500)


class TagsIssued(Told):
    """Ids of new tags."""

    tags: list[str]


class TagClaim(Given):
    """To which asset a tag shall belong."""

    asset_id: Name


class TagReplace(Given):
    """Which tag shall take the place."""

    by_tag: Name
    why: Note


class Requested(Told):
    """Number of a request that another person must approve."""

    request: int
