"""Logging in elsewhere: the whole flow against a provider in memory, and every way in which it can be wrong."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from highwall.core.errors import LoginError
from highwall.twin.oidc import OidcClient, OidcOptions
from highwall.twin.roles import Role

ISSUER, CLIENT = "https://id.example", "highwall"
T0 = 1_750_000_000_000_000
KEY = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
OTHER = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
Change = Callable[[dict[str, Any]], dict[str, Any]]


class Provider:
    """A provider that gives one code, which it takes once and only with the right verifier."""

    def __init__(self) -> None:
        self.challenge = self.nonce = ""
        self.change: Change = lambda claims: claims
        self.key = KEY
        self.header = {"alg": "RS256", "kid": "k1"}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("openid-configuration"):
            told = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
            return httpx.Response(200, json=told | {"issuer": ISSUER})
        if request.url.path == "/jwks_uri":
            return httpx.Response(200, json=KeySet([KEY]).as_dict(private=False))
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        digest = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        if form["code"] != "good" or digest.decode() != self.challenge or form["client_secret"] != "hush":
            return httpx.Response(400, json={"error": "invalid_grant"})
        return httpx.Response(200, json={"id_token": self._token()})

    def _token(self) -> str:
        claims = self.change(
            {
                "iss": ISSUER, "aud": CLIENT, "sub": "u-1", "exp": T0 // 1_000_000 + 300, "nonce": self.nonce,
                "preferred_username": "Anna", "groups": ["shift", "bosses"],
            }
        )  # fmt: skip
        return jwt.encode(self.header, claims, self.key)

    def visit(self, url: str) -> dict[str, str]:
        """What a browser brings back from there."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.challenge, self.nonce = query["code_challenge"], query["nonce"]
        assert query["code_challenge_method"] == "S256"
        return {"state": query["state"], "code": "good"}


def make() -> tuple[OidcClient, Provider]:
    provider = Provider()
    options = OidcOptions.model_validate(
        {
            "issuer": ISSUER, "client_id": CLIENT, "client_secret": "hush",
            "redirect_uri": "https://mine.example/api/oidc/callback",
            "roles": {"shift": "operator", "bosses": "manager"},
        }
    )  # fmt: skip
    return OidcClient(options, transport=httpx.MockTransport(provider)), provider


def test_a_login_ends_with_who_and_the_greatest_role_of_the_groups() -> None:
    client, provider = make()
    departure = client.depart(now_us=T0)
    arrival = client.arrive(**provider.visit(departure.url), binding=departure.binding, now_us=T0)
    assert arrival == ("https://id.example|u-1", "anna", Role.MANAGER, False)


def test_a_second_factor_is_noted() -> None:
    client, provider = make()
    provider.change = lambda claims: claims | {"amr": ["pwd", "otp"]}
    departure = client.depart(now_us=T0)
    assert client.arrive(**provider.visit(departure.url), binding=departure.binding, now_us=T0).has_second_factor


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"}, {"aud": "other"}, {"exp": T0 // 1_000_000 - 3600}, {"nonce": "other"},
        {"sub": None}, {"nonce": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_for_another_place_time_or_login_is_refused(change: dict[str, Any]) -> None:
    client, provider = make()
    provider.change = lambda claims: {key: value for key, value in (claims | change).items() if value is not None}
    departure = client.depart(now_us=T0)
    with pytest.raises(LoginError):
        client.arrive(**provider.visit(departure.url), binding=departure.binding, now_us=T0)


def test_a_token_that_another_key_signed_is_refused() -> None:
    client, provider = make()
    provider.key = OTHER
    departure = client.depart(now_us=T0)
    with pytest.raises(LoginError, match="does not hold"):
        client.arrive(**provider.visit(departure.url), binding=departure.binding, now_us=T0)


def test_a_login_counts_for_its_browser_alone_and_not_for_long() -> None:
    client, provider = make()
    departure, other = client.depart(now_us=T0), client.depart(now_us=T0)
    back = provider.visit(departure.url)
    until_s, _, secret = departure.binding.partition(".")
    for binding in ("", "of another browser", other.binding, f"{int(until_s) + 3600}.{secret}"):
        with pytest.raises(LoginError, match="not begun here"):
            client.arrive(**back, binding=binding, now_us=T0)
    with pytest.raises(LoginError, match="too long"):
        client.arrive(**back, binding=departure.binding, now_us=T0 + 11 * 60_000_000)
    assert client.arrive(**back, binding=departure.binding, now_us=T0 + 3 * 60_000_000).name == "anna"


def test_what_a_browser_made_up_itself_is_good_for_nothing() -> None:
    client, _ = make()
    state = base64.urlsafe_b64encode(hashlib.sha256(b"state:mine").digest()).rstrip(b"=").decode()
    with pytest.raises(LoginError, match="too long"):
        client.arrive(state=state, code="good", binding="mine", now_us=T0)


def test_a_login_may_end_in_another_process_than_it_began_in() -> None:
    client, provider = make()
    departure = client.depart(now_us=T0)
    beside = OidcClient(client._options, transport=httpx.MockTransport(provider))
    assert beside.arrive(**provider.visit(departure.url), binding=departure.binding, now_us=T0).name == "anna"


def test_state_nonce_and_challenge_do_not_give_the_secret_away() -> None:
    client, _ = make()
    departure = client.depart(now_us=T0)
    told = dict(parse_qsl(urlsplit(departure.url).query))
    values = [told["state"], told["nonce"], told["code_challenge"]]
    assert len(set(values)) == 3
    assert all(value not in departure.binding and departure.binding not in value for value in values)


def test_a_wrong_code_or_a_provider_that_is_away_is_told_without_secrets() -> None:
    client, provider = make()
    departure = client.depart(now_us=T0)
    back = provider.visit(departure.url) | {"code": "bad"}
    with pytest.raises(LoginError) as caught:
        client.arrive(**back, binding=departure.binding, now_us=T0)
    assert "hush" not in str(caught.value)


def test_a_provider_under_another_name_is_refused() -> None:
    options = {
        "issuer": "https://id.example/",
        "client_id": CLIENT,
        "redirect_uri": "https://m.example/api/oidc/callback",
    }
    client = OidcClient(OidcOptions.model_validate(options), transport=httpx.MockTransport(Provider()))
    with pytest.raises(LoginError, match="calls itself"):
        client.depart(now_us=T0)


def test_the_secret_is_never_shown() -> None:
    client, _ = make()
    assert "hush" not in repr(client._options)
    assert "hush" not in json.dumps(client._options.model_dump(mode="json"))
