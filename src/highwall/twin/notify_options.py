"""Where notices go: webhooks, e-mail, CAP receivers. Secrets come from the environment, never from a file."""

import base64
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from highwall.twin.roles import Role

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def key_of(secret: str) -> bytes:
    """Bytes of a shared secret; one that begins with ``whsec_`` is base64, as Standard Webhooks has it.

    Raises
    ------
    ValueError
        It begins so and goes on in something else.
    """
    if not secret.startswith("whsec_"):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        raise ValueError("a secret that begins with whsec_ must go on in base64") from None


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class _Endpoint(_Part):
    name: str = Field(pattern=r"^[a-z0-9-]{1,40}$", description="stands in records in place of the address")
    url: SecretStr = Field(description="address; https, or http on this machine alone; may hold a token")
    secret: SecretStr = Field(min_length=16, description="shared with the receiver, who checks the signature by it")
    timeout_s: float = Field(10.0, gt=0.0, le=60.0, description="longest wait for an answer [s]")

    @field_validator("secret")
    @classmethod
    def _readable(cls, secret: SecretStr) -> SecretStr:
        key_of(secret.get_secret_value())
        return secret

    @field_validator("url")
    @classmethod
    def _safe(cls, url: SecretStr) -> SecretStr:
        parts = urlsplit(url.get_secret_value())
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not is_safe or not parts.hostname:
            raise ValueError("give an https address; http only on this machine")
        return url


class WebhookOptions(_Endpoint):
    """One receiver of signed JSON."""

    roles: tuple[Role, ...] = Field((), description="only notices to these roles; none named: all")


class CapOptions(_Endpoint):
    """One receiver of CAP 1.2 messages."""

    sender: str = Field(pattern=r"^[^\s,<&]{3,100}$", description="who sends, as twin@mine.example")
    status: Literal["Actual", "Exercise", "System", "Test"] = Field(
        "Test", description="set to Actual once the receiver has agreed to it"
    )
    restriction: str = Field(
        "The mine's staff and the emergency services it has agreed with", min_length=1, description="who may see it"
    )
    language: str = Field("en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$", description="of the texts (RFC 3066)")


class MailOptions(_Part):
    """The mail server, and who gets mail."""

    host: str = Field(min_length=1, description="name of the server")
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["tls", "starttls", "none"] = Field(
        "starttls", description="tls from the first byte, after STARTTLS, or none, on this machine alone"
    )
    user: str = Field("", description="login; empty: none")
    password: SecretStr = Field(SecretStr(""), description="of the login")
    sender: str = Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$", description="address that mail comes from")
    recipients: dict[Role, tuple[str, ...]] = Field(description="addresses by role")
    timeout_s: float = Field(20.0, gt=0.0, le=120.0, description="longest wait for the server [s]")

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.security == "none" and self.host not in _LOOPBACK:
            raise ValueError("mail leaves this machine only by tls or starttls")
        if self.user and self.security == "none":
            raise ValueError("a password is sent by tls or starttls only")
        return self


class NotifyOptions(_Part):
    """Everything about telling people outside."""

    webhooks: tuple[WebhookOptions, ...] = ()
    caps: tuple[CapOptions, ...] = ()
    mail: MailOptions | None = None
    first_wait_s: float = Field(5.0, gt=0.0, le=3600.0, description="wait after a first failure; then twice it … [s]")
    longest_wait_s: float = Field(900.0, gt=0.0, le=86_400.0, description="… up to this [s]")
    give_up_s: float = Field(
        3 * 86_400.0, gt=0.0, le=30 * 86_400.0, description="so long after its time it is given up [s]"
    )

    @model_validator(mode="after")
    def _apart(self) -> Self:
        endpoints: tuple[_Endpoint, ...] = (*self.webhooks, *self.caps)
        names = [each.name for each in endpoints]
        if len(set(names)) < len(names):
            raise ValueError("webhooks and CAP receivers need names of their own")
        return self
