"""Logging in elsewhere (OpenID Connect)."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from sqlalchemy import Connection

from highwall.core.errors import LoginError, MissingInputError
from highwall.twin.oidc import PENDING_S, Arrival, OidcClient
from highwall.twin.roles import Role
from highwall.twin.sql import accounts, audit, sessions
from highwall.web.guards import Served
from highwall.web.routes.login import address_of, set_cookie
from highwall.web.services import Services

router = APIRouter(prefix="/api/oidc", tags=["login"])
BINDING: Final = "highwall_oidc"
_PATH: Final = "/api/oidc"
Text = Annotated[str, Query(min_length=1, max_length=4000)]


@router.get("/start", response_class=RedirectResponse, status_code=303)
def start(served: Served) -> RedirectResponse:
    """Send the browser to the provider."""
    departure = _client(served).depart(now_us=served.clock_us())
    response = RedirectResponse(departure.url, status_code=303)
    response.set_cookie(
        BINDING, departure.binding, max_age=PENDING_S, path=_PATH, httponly=True, samesite="lax",
        secure=served.options.is_secure,
    )  # fmt: skip
    return response


@router.get("/callback", response_class=RedirectResponse, status_code=303)
def callback(request: Request, served: Served, state: Text, code: Text) -> RedirectResponse:
    """Take the browser back, and let in whom the provider names, if that person is entered here."""
    now_us = served.clock_us()
    arrival = _client(served).arrive(
        state=state, code=code, binding=request.cookies.get(BINDING, ""), now_us=now_us
    )  # fmt: skip
    with served.database.begin() as store:
        user = user_of(store, arrival, now_us=now_us)
        token = sessions.open_session(store, user.id, now_us=now_us, hours=served.options.session_hours)
        detail = {"address": address_of(request), "provider": True}
        audit.append(store, user.name, "login", subject=user.name, detail=detail, at_us=now_us)
    response = RedirectResponse("/", status_code=303)
    response.delete_cookie(BINDING, path=_PATH)
    set_cookie(response, token, served)
    return response


def user_of(store: Connection, arrival: Arrival, *, now_us: int) -> accounts.User:
    """Return the user who came back, entered now if the options give one of the groups a role.

    Raises
    ------
    LoginError
        The person is not entered here, is no longer active, or is a super manager without a second factor.
    """
    user = accounts.find_subject(store, arrival.subject)
    if user is None and arrival.role is not None:
        user = accounts.add_user(store, arrival.name, arrival.role, at_us=now_us, subject=arrival.subject)
        detail = {"role": arrival.role, "provider": True}
        audit.append(store, "oidc", "add_user", subject=user.name, detail=detail, at_us=now_us)
    if user is None or not user.is_active:
        raise LoginError(f"{arrival.name} has no rights here; ask a super manager.")
    if user.role is Role.SUPER_MANAGER and not arrival.has_second_factor:
        raise LoginError("a super manager needs a second factor at the provider; log in there with one.")
    return user


def _client(served: Services) -> OidcClient:
    if served.oidc is None:
        raise MissingInputError("this server knows no provider; log in with name and password.")
    return served.oidc
