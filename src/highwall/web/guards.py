"""Who asks, and whether that person may: a dependency that every route names."""

from typing import Annotated, Any, Final

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute, iter_route_contexts
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection

from highwall.core.errors import AccessError, ConfigError, LoginError
from highwall.twin.roles import Action, Person
from highwall.twin.sql.sessions import person_of_session, person_of_token
from highwall.web.services import Services

COOKIE: Final = "highwall_session"
CSRF_HEADER: Final = "X-Highwall"
"""A page of another origin cannot send it without asking first, and the server never allows it."""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_NOT_ALLOWED: Final = 1008
"""Code with which a socket is closed on policy (RFC 6455)."""


def services_of(connection: HTTPConnection) -> Services:
    """Give what the application serves from."""
    services: Services = connection.app.state.services
    return services


Served = Annotated[Services, Depends(services_of)]


class Needs:
    """Finds the person who asks, and refuses whoever may not do this."""

    def __init__(self, action: Action | None) -> None:
        self.action = action
        """None: whoever is logged in."""

    def __call__(self, connection: HTTPConnection) -> Person:
        """Return who asks.

        Raises
        ------
        LoginError
            Nobody is logged in.
        AccessError
            The person may not do this, or another page sent the request.
        """
        try:
            return self._person(connection)
        except AccessError as error:
            if connection.scope["type"] == "websocket":
                raise WebSocketException(_NOT_ALLOWED, str(error)[:120]) from error
            raise

    def _person(self, connection: HTTPConnection) -> Person:
        person = person_asking(connection)
        if self.action is not None and not person.may(self.action):
            raise AccessError(f"a {person.role} may not {self.action}; ask someone whose role may.")
        return person


def person_asking(connection: HTTPConnection) -> Person:
    """Return whose session or token a request carries.

    Raises
    ------
    LoginError
        None, or one that no longer holds.
    AccessError
        A session's request that changes something lacks the header of our own pages.
    """
    services = services_of(connection)
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    with services.database.read() as store:
        if scheme.lower() == "bearer" and token:
            person = person_of_token(store, token, now_us=services.clock_us())
        else:
            person = person_of_session(store, connection.cookies.get(COOKIE, ""), now_us=services.clock_us())
            check_own_page(connection)
    if person is None:
        raise LoginError("nobody is logged in, or the session has ended; log in.")
    return person


def check_own_page(connection: HTTPConnection) -> None:
    """Refuse what another site's page made a browser send.

    Raises
    ------
    AccessError
        The request changes something without our header, or a socket comes from another origin.
    """
    if connection.scope["type"] == "websocket":
        origin = connection.headers.get("origin", "")
        if origin and origin.partition("://")[2] != connection.headers.get("host", ""):
            raise AccessError(f"a page of {origin[:80]!r} asked for the live socket; open our own page.")
    elif connection.scope["method"] not in _SAFE and connection.headers.get(CSRF_HEADER) != "1":
        raise AccessError(f"the request lacks the header {CSRF_HEADER}: 1; send it with whatever changes something.")


def may(action: Action | None) -> Any:
    """Dependency of a route that needs an action; None: a login alone."""
    return Depends(Needs(action))


def check_guarded(app: FastAPI, *, unguarded: frozenset[str]) -> None:
    """Refuse an application with a route that names no action and is not listed as open to all.

    Raises
    ------
    ConfigError
        There is such a route.
    """
    bare = [
        context.path
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute | APIWebSocketRoute)
        and needs_of(context.dependant) is None
        and context.path not in unguarded
    ]
    if bare:
        raise ConfigError(f"routes {bare} name no action; add may(Action.…), or list them as open.")


def needs_of(dependant: Any) -> Needs | None:
    """Return the guard among the dependencies of a route."""
    if isinstance(dependant.call, Needs):
        return dependant.call
    return next((found for each in dependant.dependencies if (found := needs_of(each)) is not None), None)
