"""The live socket: what changes, at most four times a second, with a heartbeat, and resumed after a break."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Annotated, Any

import anyio
import msgspec
from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from highwall.core.errors import AccessError
from highwall.twin.roles import Action, Person
from highwall.web.alarm_showing import alarm_rights
from highwall.web.guards import Needs, Served, may
from highwall.web.instants import iso
from highwall.web.live import Change, Topic, Word
from highwall.web.reach import Owner
from highwall.web.services import Services

router = APIRouter(tags=["live"])
_ENDED = 4401
"""Code with which a socket is closed whose session has ended."""


@router.websocket("/api/live")
async def live(
    socket: WebSocket,
    who: Annotated[Person, may(Action.SEE_SITE)],
    served: Served,
    after: Annotated[int | None, Query()] = None,
) -> None:
    """Tell what changes until the browser leaves or its session ends."""
    await socket.accept()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_until_left, socket, tasks.cancel_scope.cancel)
        with suppress(WebSocketDisconnect):  # it left in the middle of a word
            await _tell(socket, who, served, after)
        tasks.cancel_scope.cancel()


def message(word: Word, who: Person, *, now_us: int) -> dict[str, Any]:
    """Say a word to a person: only what concerns that person, and of alarms what that person may do about them.

    What went out of the person's sight, as an asset does that belongs to another location from now on, and its alarms,
    has no state any more.
    """
    said: dict[str, Any] = {"id": word.number, "at": iso(now_us)}
    if word.is_reset:
        said |= {"reset": True} | {topic: [] for topic in Topic}
    for change in word.changes:
        if change.concerns(who):
            said.setdefault(change.topic, []).append(_for_person(change, who))
        elif change.topic is not Topic.LATEST and change.is_lost_to(who):
            said.setdefault(change.topic, []).append({"id": change.content["id"], "state": None})
    return said


def _encoded(said: Mapping[str, Any]) -> str:
    """Write a word as JSON; a number that is not finite is null there, because no browser could read the word."""
    return msgspec.json.encode(said).decode()


def _for_person(change: Change, who: Person) -> Mapping[str, Any]:
    """Content of a change; of an alarm that there is, with what this person may do about it."""
    if change.topic is not Topic.ALARMS or change.content["state"] is None:
        return change.content
    owner = Owner(change.asset_id, change.location_id)
    is_prealarm = change.content["cancel_until"] is not None
    can_shelve = change.content["longest_shelf_s"] is not None
    rights = alarm_rights(who, owner, state=change.content["state"], is_prealarm=is_prealarm, can_shelve=can_shelve)
    return {**change.content, "rights": rights}


async def _tell(socket: WebSocket, who: Person, served: Services, number: int | None) -> None:
    options = served.options
    heard = checked = anyio.current_time() - options.heartbeat_s
    while True:
        now = anyio.current_time()
        if now - checked >= options.recheck_s:
            checked = now
            found = await _person(socket)
            if found is None:
                await socket.close(_ENDED, "the session has ended; log in")
                return
            who = found
        word = served.hub.since(number)
        if word.is_reset or word.number != number or now - heard >= options.heartbeat_s:
            await socket.send_text(_encoded(message(word, who, now_us=served.clock_us())))
            number, heard = word.number, now
        await anyio.sleep(options.live_interval_s)


async def _person(socket: WebSocket) -> Person | None:
    """Look up again who listens: rights may have changed, the session may have ended."""
    from starlette.exceptions import WebSocketException

    try:
        return await anyio.to_thread.run_sync(Needs(Action.SEE_SITE), socket)
    except (AccessError, WebSocketException):
        return None


async def _until_left(socket: WebSocket, leave: Callable[[], None]) -> None:
    """Read what the browser says, which is nothing, until it leaves."""
    try:
        while True:
            await socket.receive_text()
    except (WebSocketDisconnect, KeyError):
        leave()
