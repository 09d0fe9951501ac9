"""Ingest: what comes over the bus is written to the journal, many messages a transaction, and only then acknowledged.

Nothing is decoded here but ranges and gateways' last words: the engine reads the rest from the journal. Of one ingest
or many on a shared subscription, each acknowledges what it made durable itself, and tells gateways what they may trim
as it stands in the store, whoever wrote it.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection
from sqlalchemy.exc import DataError, IntegrityError, SQLAlchemyError

from highwall.core.errors import InputError, OutputError
from highwall.telemetry.messages import (
    VERSION,
    Message,
    Resend,
    Status,
    Watermark,
    check_name,
    decoded,
    down_topic,
    encoded,
    sender_of,
)
from highwall.twin.bus import Acknowledge, MessageBus
from highwall.twin.sql import gateways, journal, losses
from highwall.twin.sql.database import Database

_LOG: Final = logging.getLogger(__name__)
_S: Final = 1_000_000
_PRESENT_US: Final = 60 * _S
"""A gateway that was heard this long ago still listens; others are not asked for what is missing."""


class IngestOptions(BaseModel):
    """How messages are gathered into transactions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_batch: int = Field(500, ge=1, le=10_000, description="most messages in one transaction [1]")
    linger_s: float = Field(0.02, ge=0.0, le=5.0, description="how long a transaction waits for more messages [s]")
    patience_s: float = Field(5.0, gt=0.0, le=3600.0, description="how long a gap may last before it is asked for [s]")
    retry_s: float = Field(1.0, gt=0.0, le=60.0, description="pause after the store refused a transaction [s]")
    shared_group: str = Field(
        "", pattern="^[a-z0-9-]*$", description="MQTT 5 group in which several ingests share the messages; empty: none"
    )


class Progress(NamedTuple):
    """What an ingest did since it was made."""

    n_messages: int = 0
    n_items: int = 0
    """Readings and events that were new."""
    n_duplicates: int = 0
    """Messages that brought nothing new."""
    n_set_aside: int = 0
    n_commits: int = 0
    trouble: str = ""
    """Why nothing goes on at present; empty: it does."""


class _Arrived(NamedTuple):
    message: Message
    acknowledge: Acknowledge


class Ingest:
    """Writes one site's messages to the journal, on a thread of its own or step by step."""

    def __init__(
        self,
        database: Database,
        bus: MessageBus,
        *,
        site: str,
        options: IngestOptions | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """Prepare to listen; :meth:`start` or :meth:`listen` begins.

        Parameters
        ----------
        clock
            Microseconds since 1970 UTC.
        """
        self._database = database
        self._bus = bus
        self._site = check_name(site, what="site")
        self._options = options or IngestOptions()
        self._clock = clock
        self._arrived: queue.SimpleQueue[_Arrived] = queue.SimpleQueue()
        self._held: list[_Arrived] = []
        self._heard: dict[str, int] = {}
        self._asked: dict[tuple[str, Resend], int] = {}
        self._looked_us = clock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.progress = Progress()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> None:
        """Listen, and write on a thread until :meth:`close`."""
        self.listen()
        self._thread = threading.Thread(target=self._run, name="highwall-ingest", daemon=True)
        self._thread.start()

    def listen(self) -> None:
        """Tell every gateway what it may trim, and take messages from the bus; :meth:`step` writes them."""
        with self._database.read() as connection:
            watermarks = journal.watermarks(connection)
        self._publish(watermarks, epochs=set())
        group = f"$share/{self._options.shared_group}/" if self._options.shared_group else ""
        for what in ("up/#", "status"):
            self._bus.subscribe(f"{group}{VERSION}/{self._site}/+/{what}", self._take)

    def step(self) -> int:
        """Write what has arrived, at most one batch, and say how many messages that were.

        Raises
        ------
        SQLAlchemyError
            The store refused them; they are held, and the next step tries again.
        """
        if not self._held:
            self._held = self._gather()
        n = len(self._held)
        if n:
            self._write(self._held)
            self._held = []
        self._ask_for_gaps()
        return n

    def close(self) -> None:
        """Write what has arrived, and stop; what cannot be written is not acknowledged and comes again."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _take(self, message: Message, acknowledge: Acknowledge) -> None:
        self._arrived.put(_Arrived(message, acknowledge))

    def _run(self) -> None:
        while not (self._stop.is_set() and self._arrived.empty()):
            try:
                if self.step():
                    self._recover()
            except (SQLAlchemyError, OutputError) as error:
                if not self.progress.trouble:  # told once, however often it is tried
                    _LOG.error("the store refused %d messages, which are held: %s", len(self._held), error)
                self.progress = self.progress._replace(trouble=str(error))
                if self._stop.wait(self._options.retry_s):
                    return

    def _recover(self) -> None:
        """Note that messages are taken again."""
        if self.progress.trouble:
            _LOG.warning("the store takes messages again")
            self.progress = self.progress._replace(trouble="")

    def _gather(self) -> list[_Arrived]:
        """Wait a moment for a first message, then for more until the batch is full or has lingered."""
        batch: list[_Arrived] = []
        is_alone = self._thread is None
        deadline = time.monotonic() + (0.0 if is_alone else 0.1)
        while len(batch) < self._options.n_batch:
            try:
                batch.append(self._arrived.get(timeout=max(0.0, deadline - time.monotonic())))
            except queue.Empty:
                break
            if len(batch) == 1 and not is_alone:
                deadline = time.monotonic() + self._options.linger_s
        return batch

    def _write(self, batch: Sequence[_Arrived]) -> None:
        try:
            self._commit(batch)
        except (DataError, IntegrityError) as error:
            if len(batch) == 1:
                self._refuse(batch[0], reason=str(error.orig))
                return
            for arrived in batch:
                self._write([arrived])

    def _commit(self, batch: Sequence[_Arrived]) -> None:
        """Make messages durable, acknowledge them, and tell their gateways; in this order."""
        now_us = self._clock()
        items = [arrived.message for arrived in batch if not arrived.message.topic.endswith("/status")]
        words = [arrived.message for arrived in batch if arrived.message.topic.endswith("/status")]
        with self._database.begin() as connection:
            stored = journal.append_all(connection, items, site=self._site, received_us=now_us)
            n_bad_words = self._note_statuses(connection, words, now_us=now_us)
            watermarks = journal.watermarks(connection, {one.gateway for one in stored if one.numbers is not None})
        for arrived in batch:
            arrived.acknowledge()
        self._count(stored, n_words=len(words), n_bad_words=n_bad_words)
        self._heard.update(dict.fromkeys(watermarks, now_us))
        self._publish(watermarks, epochs={one.numbers.boot_epoch for one in stored if one.numbers is not None})

    def _refuse(self, arrived: _Arrived, *, reason: str) -> None:
        """Set aside a message that no store takes, so that it holds nothing up."""
        with self._database.begin() as connection:
            losses.keep(connection, arrived.message, reason=reason, received_us=self._clock())
        arrived.acknowledge()
        self.progress = self.progress._replace(n_set_aside=self.progress.n_set_aside + 1)

    def _note_statuses(self, connection: Connection, words: Sequence[Message], *, now_us: int) -> int:
        """Keep gateways' last words, and count those that cannot be read."""
        n_bad = 0
        for message in words:
            try:
                status = decoded(message.payload, Status)
                gateway = check_name(sender_of(message.topic)[1], what="gateway")
            except InputError as error:
                losses.keep(connection, message, reason=str(error), received_us=now_us)
                n_bad += 1
                continue
            gateways.note_status(connection, gateway, status, heard_us=now_us)
            self._heard[gateway] = now_us
        return n_bad

    def _count(self, stored: Sequence[journal.Stored], *, n_words: int, n_bad_words: int) -> None:
        told = self.progress
        n_aside = sum(one.numbers is None for one in stored)
        self.progress = told._replace(
            n_messages=told.n_messages + len(stored) + n_words,
            n_items=told.n_items + sum(one.n_new for one in stored),
            n_duplicates=told.n_duplicates + sum(one.n_new == 0 for one in stored) - n_aside,
            n_set_aside=told.n_set_aside + n_aside + n_bad_words,
            n_commits=told.n_commits + 1,
        )

    def _publish(self, watermarks: Mapping[str, Sequence[Watermark]], *, epochs: set[str]) -> None:
        """Tell gateways how these epochs stand, and the latest one last, which is the one that the broker keeps."""
        for gateway, by_epoch in watermarks.items():
            for watermark in by_epoch:
                if watermark.boot_epoch in epochs or watermark is by_epoch[-1]:
                    self._tell(gateway, "watermark", watermark, retain=True)

    def _ask_for_gaps(self) -> None:
        """Ask gateways that are there for what has been missing for a while, and again after as long."""
        now_us, patience_us = self._clock(), int(self._options.patience_s * _S)
        if 0 <= now_us - self._looked_us < patience_us / 2:
            return
        self._looked_us = now_us
        with self._database.read() as connection:
            missing = journal.missing_ranges(
                connection, moved_before_us=now_us - patience_us, moved_after_us=now_us + patience_us
            )
        self._asked = {gap: at for gap, at in self._asked.items() if gap in missing}
        for gap in missing:
            gateway, resend = gap
            is_there = now_us - self._heard.get(gateway, 0) < _PRESENT_US
            if is_there and not 0 <= now_us - self._asked.get(gap, 0) < patience_us:
                self._asked[gap] = now_us
                self._tell(gateway, "resend", resend, retain=False)

    def _tell(self, gateway: str, what: str, words: Resend | Watermark, *, retain: bool) -> None:
        self._bus.publish(Message(down_topic(self._site, gateway, what), encoded(words), {}, retain))
