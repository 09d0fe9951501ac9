"""Logging in elsewhere: OpenID Connect, authorization code with PKCE; the provider says who, our own table what.

A person whom the provider knows but nobody entered here gets no rights, unless the options map one of the provider's
groups to a role. A super manager comes in only when the provider says that a second factor was used.

Nothing is remembered between leaving and coming back: the browser carries one secret, from which state, nonce and
verifier follow, so that any process that serves the same pages can end the login.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from highwall.core.errors import LoginError
from highwall.twin.roles import Role

PENDING_S: Final = 600
"""Time between leaving for the provider and coming back [s]."""
_LEEWAY_S: Final = 60
_ALGORITHMS: Final = ["RS256", "ES256", "PS256", "EdDSA"]
"""Signatures that are taken; none that the client's secret could make."""
_SECOND_FACTORS: Final = frozenset({"mfa", "otp", "hwk", "swk", "fpt", "face"})
"""Authentication methods (RFC 8176) that are more than a password."""


class OidcOptions(BaseModel):
    """The provider, and what its groups are here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: str = Field(pattern=r"^https://\S+$", description="address of the provider, as it stands in its tokens")
    client_id: str = Field(min_length=1, max_length=200, description="our name at the provider")
    client_secret: SecretStr = Field(SecretStr(""), description="our secret there; empty for a public client")
    redirect_uri: str = Field(pattern=r"^https?://\S+/api/oidc/callback$", description="where the provider sends back")
    name_claim: str = Field("preferred_username", description="claim that becomes the user's name")
    group_claim: str = Field("groups", description="claim that lists the user's groups")
    roles: dict[str, Role] = Field(
        default_factory=dict, description="group → role of users who are entered at their first login"
    )
    timeout_s: float = Field(10.0, gt=0, le=60, description="longest wait for the provider [s]")


class Departure(NamedTuple):
    """Where a browser is sent, and what it must bring back."""

    url: str
    binding: str
    """For a cookie: only the browser that left can come back. A secret, and until when it is good."""


class Arrival(NamedTuple):
    """Who came back."""

    subject: str
    """Issuer and subject: the one name that stays."""
    name: str
    role: Role | None
    """By the groups; the greatest of several."""
    has_second_factor: bool


class OidcClient:
    """Sends browsers to the provider and checks what they bring back."""

    def __init__(self, options: OidcOptions, *, transport: httpx.BaseTransport | None = None) -> None:
        self._options = options
        self._http = httpx.Client(timeout=options.timeout_s, transport=transport)

    def depart(self, *, now_us: int) -> Departure:
        """Begin a login.

        Raises
        ------
        LoginError
            The provider does not answer.
        """
        binding = f"{now_us // 1_000_000 + PENDING_S}.{secrets.token_urlsafe(32)}"
        query = {
            "response_type": "code", "client_id": self._options.client_id, "redirect_uri": self._options.redirect_uri,
            "scope": "openid profile", "state": _derived(binding, "state"), "nonce": _derived(binding, "nonce"),
            "code_challenge": _challenge(_derived(binding, "verifier")), "code_challenge_method": "S256",
        }  # fmt: skip
        return Departure(f"{self._metadata()['authorization_endpoint']}?{urlencode(query)}", binding)

    def arrive(self, *, state: str, code: str, binding: str, now_us: int) -> Arrival:
        """End a login.

        Raises
        ------
        LoginError
            The state is of another browser or too old, the provider refuses, or its token does not hold.
        """
        is_ours = secrets.compare_digest(_derived(binding, "state").encode(), state.encode())
        if not is_ours or _until_us(binding) < now_us:
            raise LoginError("this login was not begun here, or took too long; begin again.")
        metadata = self._metadata()
        token = self._exchange(metadata["token_endpoint"], code, _derived(binding, "verifier"))
        claims = self._claims(metadata["jwks_uri"], token, nonce=_derived(binding, "nonce"), now_us=now_us)
        return self._arrival(claims)

    def _metadata(self) -> dict[str, Any]:
        found = self._asked("GET", f"{self._options.issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._options.issuer:
            raise LoginError(f"the provider calls itself {found.get('issuer')!r}; correct the issuer in the options.")
        return found

    def _exchange(self, endpoint: str, code: str, verifier: str) -> str:
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self._options.redirect_uri,
            "client_id": self._options.client_id, "code_verifier": verifier,
        }  # fmt: skip
        secret = self._options.client_secret.get_secret_value()
        answer = self._asked("POST", endpoint, form=form | ({"client_secret": secret} if secret else {}))
        if not isinstance(answer.get("id_token"), str):
            raise LoginError("the provider sent no id_token; allow the scope openid for this client.")
        return str(answer["id_token"])

    def _claims(self, keys_at: str, token: str, *, nonce: str, now_us: int) -> dict[str, Any]:
        checks = jwt.JWTClaimsRegistry(
            now=now_us // 1_000_000, leeway=_LEEWAY_S,
            iss={"essential": True, "value": self._options.issuer},
            aud={"essential": True, "value": self._options.client_id},
            exp={"essential": True}, sub={"essential": True}, nonce={"essential": True, "value": nonce},
        )  # fmt: skip
        try:
            keys = KeySet.import_key_set(self._asked("GET", keys_at))  # type: ignore[arg-type]
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            checks.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise LoginError(f"the provider's token does not hold ({type(error).__name__}); begin again.") from error
        return dict(claims)

    def _arrival(self, claims: Mapping[str, Any]) -> Arrival:
        groups = claims.get(self._options.group_claim)
        told = groups if isinstance(groups, list) else []
        ranks = [self._options.roles[group] for group in told if group in self._options.roles]
        return Arrival(
            subject=f"{self._options.issuer}|{claims['sub']}"[:255],
            name=str(claims.get(self._options.name_claim) or claims["sub"]).lower(),
            role=max(ranks, key=list(Role).index, default=None),
            has_second_factor=bool(_SECOND_FACTORS.intersection(claims.get("amr") or ())),
        )

    def _asked(self, method: str, url: str, *, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        try:
            answer = self._http.request(method, url, data=form, headers={"Accept": "application/json"})
            answer.raise_for_status()
            content = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise LoginError(f"the provider at {url} does not answer ({type(error).__name__}); try later.") from error
        if not isinstance(content, dict):
            raise LoginError(f"the provider at {url} answers with something else than an object; try later.")
        return content


def _until_us(binding: str) -> int:
    """Until when a binding is good; 0 for one that we did not make."""
    until_s = binding.partition(".")[0]
    return int(until_s) * 1_000_000 if until_s.isdecimal() else 0


def _derived(binding: str, what: str) -> str:
    """What follows from a binding, and does not give it away."""
    return _challenge(f"{what}:{binding}")


def _challenge(verifier: str) -> str:
    """SHA-256 in the alphabet of addresses, as PKCE has it (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
