"""Users, tokens of other systems, and the audit log: the super manager's."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy import Connection

from highwall.core.errors import AccessError
from highwall.twin.roles import OF_A_SECOND_PERSON, RIGHTS, Action, Person, Role, check_scope
from highwall.twin.sql import accounts, audit, sessions
from highwall.web.guards import Served, may
from highwall.web.schemas.base import Done, Limit, Number
from highwall.web.schemas.people import (
    AuditEntry,
    AuditPage,
    AuditVerdict,
    NewToken,
    NewUser,
    TokenMade,
    Tokens,
    TokenTold,
    UserChange,
    UserMade,
    UserName,
    Users,
    UserTold,
)

router = APIRouter(prefix="/api", tags=["users"])
Manages = Annotated[Person, may(Action.MANAGE_USERS)]
Reads = Annotated[Person, may(Action.READ_AUDIT)]
Called = Annotated[UserName, Path()]
_DAY_US = 86_400_000_000


@router.get("/users")
def users(who: Manages, served: Served) -> Users:
    """List the users."""
    with served.database.read() as store:
        return Users(users=[_told(user) for user in accounts.all_users(store)])


@router.post("/users")
def add_user(given: NewUser, who: Manages, served: Served) -> UserMade:
    """Make a user; the code in the answer lets that person choose a password."""
    scope = None if given.scope is None else frozenset(given.scope)
    check_scope(who, scope)
    now_us = served.clock_us()
    with served.database.begin() as store:
        user = accounts.add_user(
            store, given.name, given.role, at_us=now_us, locations=scope, asset_id=given.asset_id
        )  # fmt: skip
        code = accounts.issue_code(store, user.name, at_us=now_us)
        audit.append(store, who.name, "add_user", subject=user.name, detail=given.model_dump(mode="json"), at_us=now_us)
    return UserMade(user=_told(user), setup_code=code, setup_hours=accounts.SETUP_HOURS)


@router.patch("/users/{name}")
def change_user(name: Called, given: UserChange, who: Manages, served: Served) -> UserTold:
    """Change a user; open sessions of that user end."""
    changes = given.model_dump(exclude_unset=True, exclude={"scope"})
    if "scope" in given.model_fields_set:
        changes["locations"] = None if given.scope is None else frozenset(given.scope)
        check_scope(who, changes["locations"])
    changes = {key: value for key, value in changes.items() if value is not None or key in ("locations", "asset_id")}
    now_us = served.clock_us()
    with served.database.begin() as store:
        before = _user_in_scope(store, who, name)
        user = accounts.change_user(store, name, changes)
        if user.role is Role.SUPER_MANAGER and before.role is not Role.SUPER_MANAGER:
            accounts.forget_proof(store, name)
        sessions.close_sessions(store, user.id)
        detail = given.model_dump(mode="json", exclude_unset=True)
        audit.append(store, who.name, "change_user", subject=name, detail=detail, at_us=now_us)
        return _told(accounts.find_user(store, name))


@router.post("/users/{name}/code")
def new_code(name: Called, who: Manages, served: Served) -> UserMade:
    """Make a one-time code with which a user chooses a new password."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        user = _user_in_scope(store, who, name)
        code = accounts.issue_code(store, name, at_us=now_us)
        audit.append(store, who.name, "issue_code", subject=name, detail={}, at_us=now_us)
    return UserMade(user=_told(user), setup_code=code, setup_hours=accounts.SETUP_HOURS)


@router.get("/tokens")
def tokens(who: Manages, served: Served) -> Tokens:
    """List the tokens of other systems."""
    with served.database.read() as store:
        found = [_token(one) for one in sessions.all_tokens(store)]
    grantable = {role: sorted(RIGHTS[role].keys() - OF_A_SECOND_PERSON) for role in Role}
    return Tokens(tokens=found, grantable=grantable)


@router.post("/tokens")
def add_token(given: NewToken, who: Manages, served: Served) -> TokenMade:
    """Make a token in the name of a user; it may do no more than that user, and no more than it is given."""
    now_us = served.clock_us()
    with served.database.begin() as store:
        user = _user_in_scope(store, who, given.user)
        _check_actions(user, given.actions)
        number, token = sessions.add_token(
            store, user.id, given.title, actions=frozenset(given.actions), until_us=now_us + given.days * _DAY_US
        )  # fmt: skip
        detail = given.model_dump(mode="json")
        audit.append(store, who.name, "add_token", subject=f"token {number}", detail=detail, at_us=now_us)
    return TokenMade(id=number, token=token)


@router.delete("/tokens/{number}")
def revoke_token(number: Number, who: Manages, served: Served) -> Done:
    """End a token."""
    with served.database.begin() as store:
        sessions.revoke_token(store, number)
        audit.append(
            store, who.name, "revoke_token", subject=f"token {number}", detail={}, at_us=served.clock_us()
        )  # fmt: skip
    return Done()


@router.get("/audit")
def audit_page(
    who: Reads, served: Served, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None, limit: Limit = 100
) -> AuditPage:
    """Read the audit log, the newest first."""
    with served.database.read() as store:
        found = audit.page(store, before=before, limit=limit)
    entries = [
        AuditEntry(
            id=one.number, at=one.at_us, who=one.who, action=one.action, subject=one.subject, detail=one.detail,
            hash=one.hash,
        )
        for one in found
    ]  # fmt: skip
    return AuditPage(entries=entries, next=found[-1].number if len(found) == limit else None)


@router.get("/audit/verify")
def audit_verify(
    who: Reads, served: Served, anchor: Annotated[str | None, Query(pattern="^[0-9a-f]{64}$")] = None
) -> AuditVerdict:
    """Work the chain of the audit log out again; an anchor is a head that was written down before."""
    with served.database.read() as store:
        return AuditVerdict(**audit.verify(store, anchor=anchor)._asdict())


def _user_in_scope(store: Connection, who: Person, name: str) -> accounts.User:
    """Return a user; refuse one of a wider scope, as whom one could act by a code or a token."""
    user = accounts.find_user(store, name)
    if not who.covers(user.locations):
        raise AccessError(f"the scope of {name} is wider than that of {who.name}; ask someone of the whole site.")
    return user


def _check_actions(user: accounts.User, actions: list[Action]) -> None:
    """Refuse a token that could do more than its user, or decide as a second person."""
    beyond = [action for action in actions if action in OF_A_SECOND_PERSON or not user.person.may(action)]
    if beyond:
        raise AccessError(
            f"a token of {user.name} may not {', '.join(beyond)}; "
            "give it actions that its user has, and no decision of a second person."
        )


def _told(user: accounts.User) -> UserTold:
    return UserTold(
        name=user.name, role=user.role, scope=None if user.locations is None else sorted(user.locations),
        asset_id=user.asset_id, is_active=user.is_active, has_password=user.has_password,
        has_authenticator=user.has_totp,
    )  # fmt: skip


def _token(one: sessions.Token) -> TokenTold:
    return TokenTold(
        id=one.id, user=one.user, title=one.title, actions=list(one.actions), until=one.until_us,
        is_revoked=one.is_revoked,
    )  # fmt: skip
