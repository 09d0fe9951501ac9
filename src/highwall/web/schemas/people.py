"""Logins, users and the audit log."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from highwall.twin.roles import Action, Role
from highwall.twin.secrets import MAX_PASSWORD
from highwall.web.instants import Instant
from highwall.web.schemas.base import Given, Line, Name, Told

UserName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._@-]{0,79}$")]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD, pattern=r"^[^\x00]+$")]


class Login(Given):
    """Who wants to come in."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00]+$")]
    password: Secret
    code: Annotated[str, StringConstraints(max_length=12)] | None = Field(None, description="of the authenticator")


class LoginRefused(Told):
    """Why nobody was let in."""

    error: dict[str, str]
    needs_code: bool


class ChoosePassword(Given):
    """A one-time code, and the password that its holder chooses."""

    code: Secret
    password: Secret


class Me(Told):
    """Who is logged in, and what that person may do."""

    name: str
    role: Role
    scope: list[str] | None
    asset_id: str | None
    rights: list[Action]


class SetUp(Told):
    """After a password was chosen."""

    name: str
    role: Role
    totp_secret: str | None = Field(None, description="key of the authenticator, told this once")
    totp_uri: str | None = None
    totp_qr: str | None = Field(None, description="the same as an SVG picture")


class UserTold(Told):
    """A user."""

    name: str
    role: Role
    scope: list[str] | None
    asset_id: str | None
    is_active: bool
    has_password: bool
    has_authenticator: bool


class UserMade(Told):
    """A new user, with the code for choosing a password; it is told this once."""

    user: UserTold
    setup_code: str
    setup_hours: int


class Users(Told):
    """All users."""

    users: list[UserTold]


class NewUser(Given):
    """A user to be made."""

    name: UserName
    role: Role
    scope: list[Name] | None = Field(None, max_length=1000, description="location ids; null: the whole site")
    asset_id: Name | None = None


class UserChange(Given):
    """What shall become different about a user; what is left out stays."""

    role: Role | None = None
    scope: list[Name] | None = Field(None, max_length=1000)
    asset_id: Name | None = None
    is_active: bool | None = None


class NewToken(Given):
    """A token to be made for another system, in the name of a user."""

    user: UserName
    title: Line
    actions: list[Action] = Field(min_length=1, max_length=len(Action))
    days: int = Field(365, ge=1, le=3650)


class TokenMade(Told):
    """A new token, told this once."""

    id: int
    token: str


class TokenTold(Told):
    """A token, without its secret."""

    id: int
    user: str
    title: str
    actions: list[str]
    until: Instant
    is_revoked: bool


class Tokens(Told):
    """All tokens."""

    tokens: list[TokenTold]
    grantable: dict[Role, list[Action]] = Field(description="what a token of a user of this role may be given")


class AuditEntry(Told):
    """One entry of the audit log."""

    id: int
    at: Instant
    who: str
    action: str
    subject: str
    detail: dict[str, Any]
    hash: str


class AuditPage(Told):
    """Entries, the newest first."""

    entries: list[AuditEntry]
    next: int | None = Field(description="give it as ``before`` for the page that follows")


class AuditVerdict(Told):
    """Whether the chain is whole."""

    is_intact: bool
    n: int
    head: str
    broken_at: int | None
    reason: str
