"""Telling people outside: each notice to each of its targets at least once, again and again until it is taken.

A notice lies in the store from the transaction that raised its alarm. A target that took it is written down at once; a
crash between the two sends it once more, under the same key, by which the receiver knows it. Targets work side by side,
so that one that hangs holds up none of the others.
"""

import hashlib
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

from highwall.core.errors import MissingInputError, OutputError, SetAside
from highwall.twin.alarm_steps import changed
from highwall.twin.bulletin import Bulletin
from highwall.twin.cap import CapReceiver
from highwall.twin.mail import Mailbox
from highwall.twin.notify_options import NotifyOptions
from highwall.twin.sql import alarms
from highwall.twin.sql import notices as notice_store
from highwall.twin.sql.database import Database
from highwall.twin.sql.deliveries import delivered_to, put_delivery
from highwall.twin.sql.naming import named_line, named_text
from highwall.twin.sql.notices import OutgoingNotice
from highwall.twin.sql.spots import spot_of
from highwall.twin.webhook import Webhook


class Target(Protocol):
    """Someone who can be told."""

    name: str
    """Stands in records; holds no secret."""

    def takes(self, bulletin: Bulletin) -> bool:
        """Whether a bulletin is for this target."""

    def send(self, bulletin: Bulletin, *, now_us: int) -> None:
        """Tell it.

        Raises
        ------
        OutputError
            It was not taken; the message holds no secret.
        """


class Delivered(NamedTuple):
    """What one round did, by notices."""

    n_told: int
    n_waiting: int
    """Tried, and to be tried again."""
    given_up: tuple[SetAside, ...]


def targets_of(options: NotifyOptions, *, trust: ssl.SSLContext | None = None) -> list[Target]:
    """Everyone who can be told; ``trust`` replaces the system's certificates."""
    addresses = sorted({one for some in (options.mail.recipients.values() if options.mail else ()) for one in some})
    boxes = [Mailbox(address, options.mail, trust=trust) for address in addresses if options.mail]
    hooks = [Webhook(each, trust=trust) for each in options.webhooks]
    return [*hooks, *boxes, *(CapReceiver(each, trust=trust) for each in options.caps)]


def deliver(
    database: Database, targets: Sequence[Target], *, site: str, now_us: int, options: NotifyOptions, limit: int = 100
) -> Delivered:
    """Tell what is due by now, and write down whom it reached and what failed why."""
    with database.read() as connection:
        due = notice_store.waiting(connection, now_us=now_us, limit=limit)
        bulletins = [found for notice in due if (found := _bulletin(connection, notice, site=site)) is not None]
        reached = delivered_to(connection, [notice.notice_id for notice in due])
    rounds = [_Round(target, _asked(target, bulletins, reached), now_us) for target in targets]
    rounds = [each for each in rounds if each.bulletins]
    if rounds:
        with ThreadPoolExecutor(len(rounds)) as pool:
            list(pool.map(lambda each: each.run(database), rounds))
    return _settled(database, bulletins, targets, rounds, now_us=now_us, options=options)


def next_try_us(notice: OutgoingNotice, *, now_us: int, options: NotifyOptions) -> int | None:
    """When a notice that failed is tried again: twice as late each time; None: it is given up.

    The wait is shortened by up to a half, by chance that hangs on the key, so that not all come back at once.
    """
    if now_us - notice.at_us >= options.give_up_s * 1e6:
        return None
    wait_s = min(options.longest_wait_s, options.first_wait_s * 2.0 ** min(notice.n_tries, 40))
    digest = hashlib.sha256(f"{notice.key}:{notice.n_tries}".encode()).digest()
    return now_us + round(wait_s * (0.5 + digest[0] / 510.0) * 1e6)


class _Round:
    """One target's share of a round: in order, up to the first failure."""

    def __init__(self, target: Target, bulletins: Sequence[Bulletin], now_us: int) -> None:
        self.target = target
        self.bulletins = bulletins
        self.failures: dict[int, str] = {}
        self.untried: set[int] = set()
        self._now_us = now_us

    def run(self, database: Database) -> None:
        """Send, and write down each delivery at once."""
        for number, bulletin in enumerate(self.bulletins):
            notice_id = bulletin.notice.notice_id
            try:
                self.target.send(bulletin, now_us=self._now_us)
            except OutputError as error:
                self.failures[notice_id] = str(error)
                self.untried = {each.notice.notice_id for each in self.bulletins[number + 1 :]}
                return
            with database.begin() as connection:
                put_delivery(connection, notice_id, self.target.name, at_us=self._now_us)


def _bulletin(connection: Connection, notice: OutgoingNotice, *, site: str) -> Bulletin | None:
    """All that is told with a notice, by names where there are any.

    None while alarms are being worked out again and its own is not yet there.
    """
    try:
        alarm = alarms.alarm(connection, notice.alarm_id)
    except MissingInputError:
        return None
    earlier = tuple(notice_store.before(connection, notice))
    alarm = changed(alarm, evidence=tuple(named_line(connection, line) for line in alarm.evidence))
    notice = notice._replace(text=named_text(connection, notice.text))
    return Bulletin(site, notice, alarm, spot_of(connection, alarm.subject), earlier)


def _asked(target: Target, bulletins: Sequence[Bulletin], reached: dict[int, set[str]]) -> list[Bulletin]:
    return [
        each for each in bulletins
        if target.takes(each) and target.name not in reached.get(each.notice.notice_id, set())
    ]  # fmt: skip


def _settled(
    database: Database,
    bulletins: Sequence[Bulletin],
    targets: Sequence[Target],
    rounds: Sequence[_Round],
    *,
    now_us: int,
    options: NotifyOptions,
) -> Delivered:
    """Write down what became of each notice."""
    n_told, n_waiting, given_up = 0, 0, []
    with database.begin() as connection:
        for bulletin in bulletins:
            notice = bulletin.notice
            error = _error(bulletin, targets, rounds)
            if error is None and any(notice.notice_id in each.untried for each in rounds):
                continue
            if error is None:
                notice_store.sent(connection, notice.notice_id)
                n_told += 1
                continue
            next_us = next_try_us(notice, now_us=now_us, options=options)
            notice_store.failed(connection, notice.notice_id, error=error, next_us=next_us)
            n_waiting += next_us is not None
            given_up += [SetAside(bulletin.key, error)] if next_us is None else []
    return Delivered(n_told, n_waiting, tuple(given_up))


def _error(bulletin: Bulletin, targets: Sequence[Target], rounds: Sequence[_Round]) -> str | None:
    """Why a notice is not done with; None: everyone who takes it has it, or was not tried."""
    notice = bulletin.notice
    if not any(target.takes(bulletin) for target in targets):
        return f"nobody is set up to be told by {notice.channel} as {notice.to}; add a target."
    failures = [each.failures[notice.notice_id] for each in rounds if notice.notice_id in each.failures]
    return "; ".join(failures) or None
