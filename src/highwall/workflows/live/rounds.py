"""What a server does again and again, each on a thread of its own: the engine, its watchdog, notices, the house."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Final

from sqlalchemy import Connection

from highwall.classification.crack_windows.classifier import CrackWindowClassifier
from highwall.telemetry.messages import Message, down_topic, encoded
from highwall.twin.engine import Engine
from highwall.twin.notify import deliver, targets_of
from highwall.twin.sql import audit, datastreams, journal, observations, orders, states, tags, things, tracks
from highwall.twin.watchdog import Watchdog
from highwall.web.live import Change
from highwall.web.services import Services
from highwall.workflows.live.cracks import tell_cracks
from highwall.workflows.live.follow import EVERY_S, Follower
from highwall.workflows.live.options import ServeConfig
from highwall.workflows.live.push import Pusher
from highwall.workflows.live.telling import Teller
from highwall.workflows.live.threads import Repeated

_LOG: Final = logging.getLogger("highwall.serve")
_DAY_US: Final = 86_400_000_000
_HOUSE_S: Final = 3600.0
_WATCHDOG_S: Final = 2.0
_NOTICES_S: Final = 1.0
_GATEWAYS_S: Final = 2.0
_ORDERS_S: Final = 0.5
_COMMAND_US: Final = 3_600_000_000
"""A command that could not be sent for so long is not given any more [µs]."""
_CRACKS_S: Final = 60.0
_OWNERS_S: Final = 10.0
"""How long the hub may tell readings of a tag as nobody's after it was claimed [s]."""
_MOST: Final = 1_000_000
"""People of one site."""


def threads_of(services: Services, engine: Engine, config: ServeConfig) -> list[Repeated]:
    """Threads of the twin, in the order in which they start."""
    telling = Teller()
    pusher = Pusher(config.push, site=config.site) if config.push else None
    rounds = Rounds(services, engine, telling, pusher)
    follower = Follower(services, telling, tell=rounds.tell)
    follower.tell_everything()
    threads = [
        Repeated("engine", rounds.step, every_s=config.step_s),
        Repeated("watchdog", rounds.watch, every_s=_WATCHDOG_S),
        Repeated("notices", partial(rounds.notify, config), every_s=_NOTICES_S),
        Repeated("gateways", rounds.tell_gateways, every_s=_GATEWAYS_S),
        Repeated("orders", rounds.give_orders, every_s=_ORDERS_S),
        Repeated("owners", rounds.look_up_owners, every_s=_OWNERS_S),
        Repeated("others", follower.follow, every_s=EVERY_S),
        Repeated("house", partial(rounds.keep_house, config), every_s=_HOUSE_S),
    ]
    if pusher is not None:
        threads.append(Repeated("push", rounds.push, every_s=pusher.every_s))
    if config.cracks is not None:
        classifier = CrackWindowClassifier.open(config.cracks.weights)
        threads.append(Repeated("cracks", partial(rounds.tell_cracks, classifier, config), every_s=_CRACKS_S))
    return threads


def threads_of_pages(services: Services) -> list[Repeated]:
    """Threads of a process that serves pages alone: what the engine's process changed is told here, too."""
    telling = Teller()

    def tell(changes: list[Change]) -> None:
        if changes:
            services.hub.put(changes)

    def tell_gateways() -> bool:
        with services.database.read() as store:
            tell(telling.of_gateways(store, now_us=services.clock_us()))
        return False

    def look_up_owners() -> bool:
        telling.forget_owners()
        return False

    follower = Follower(services, telling, tell=tell)
    follower.tell_everything()
    return [
        Repeated("others", follower.follow, every_s=EVERY_S),
        Repeated("gateways", tell_gateways, every_s=_GATEWAYS_S),
        Repeated("owners", look_up_owners, every_s=_OWNERS_S),
    ]


class Rounds:
    """What the threads do, round by round; each says whether more waits, so that it comes again at once."""

    def __init__(self, services: Services, engine: Engine, telling: Teller, pusher: Pusher | None) -> None:
        self._services, self._engine, self._telling, self._pusher = services, engine, telling, pusher
        self._database, self._hub = services.database, services.hub
        self._watchdog: Watchdog | None = None
        self._given: set[str] = set()
        """Commands and configurations that were sent and are not answered yet."""

    def step(self) -> bool:
        """Work out what waits, and tell what changed."""
        at_us = self._services.clock_us()
        stepped = self._engine.step(at_us)
        with self._database.read() as store:
            self.tell(self._telling.of_step(store, stepped, now_us=at_us))
        return stepped.has_more

    def watch(self) -> bool:
        """Look whether the engine still watches."""
        at_us = self._services.clock_us()
        self._watchdog = self._watchdog or Watchdog(self._database, now_us=at_us)
        changed = self._watchdog.check(at_us)
        with self._database.read() as store:
            self.tell(self._telling.of_alarms(store, changed))
        return False

    def notify(self, config: ServeConfig) -> bool:
        """Tell people outside what is due."""
        at_us = self._services.clock_us()
        done = deliver(
            self._database, targets_of(config.notify), site=config.site, now_us=at_us, options=config.notify
        )  # fmt: skip
        for aside in done.given_up:
            _LOG.error("notice %s was given up: %s", aside.name, aside.reason)
        return False

    def tell_gateways(self) -> bool:
        """Tell gateways whose last word is new, or too old."""
        with self._database.read() as store:
            self.tell(self._telling.of_gateways(store, now_us=self._services.clock_us()))
        return False

    def give_orders(self) -> bool:
        """Send what the store has for gateways, whoever put it there: once, and once again after a start.

        Nobody else sends it, so that a kill between the store and the broker loses nothing; gateways know what they
        have done.
        """
        bus = self._services.bus
        if bus is None or not bus.is_connected:
            return False
        waiting = self._orders()
        self._given &= waiting.keys()
        for name, message in waiting.items():
            if name not in self._given:
                bus.publish(message)
                self._given.add(name)
        return False

    def _orders(self) -> dict[str, Message]:
        """Commands and configurations of which nothing was heard yet, by a name of their own."""
        site, since_us = self._services.place.name, self._services.clock_us() - _COMMAND_US
        with self._database.read() as store:
            commands, configurations = orders.unanswered(store, since_us=since_us), orders.unreported(store)
        given = {
            one.command.command_id: Message(down_topic(site, one.gateway_id, "command"), encoded(one.command))
            for one in commands
        }
        return given | {
            f"{one.gateway_id} {one.version}": Message(
                down_topic(site, one.gateway_id, "config"), encoded(one.signed), retain=True
            )
            for one in configurations
        }

    def tell_cracks(self, classifier: CrackWindowClassifier, config: ServeConfig) -> bool:
        """Judge the ground of the hours that are over."""
        if config.cracks is not None:
            at_us = self._services.clock_us()
            tell_cracks(self._database, classifier, config.cracks.places, site=config.site, now_us=at_us)
        return False

    def look_up_owners(self) -> bool:
        """Look up again whose the datastreams are."""
        self._telling.forget_owners()
        return False

    def push(self) -> bool:
        """Tell the other system what changed."""
        if self._pusher is not None:
            self._pusher.send(now_us=self._services.clock_us())
        return False

    def keep_house(self, config: ServeConfig) -> bool:
        """Forget what was promised to be forgotten, and tell the audit log's head outside the store."""
        at_us, kept = self._services.clock_us(), config.retention
        with self._database.begin() as store:
            people = [
                one.id for one in things.assets(store, kinds=[things.AssetKind.PERSON], limit=_MOST, with_retired=True)
            ]
            personal_us = round(at_us - kept.track_days * _DAY_US)
            tracks.drop_before(store, personal_us, asset_ids=people)
            observations.drop_of(store, _personal(store, people), before_us=personal_us)
            if kept.reading_days is not None:
                observations.drop_before(store, round(at_us - kept.reading_days * _DAY_US))
            head = audit.head(store)
        with self._database.begin() as store:
            before_us = round(at_us - kept.journal_days * _DAY_US)
            journal.trim(store, states.cursors(store), received_before_us=before_us)
        _LOG.warning("head of the audit log: %s", head)
        return False

    def tell(self, changes: list[Change]) -> None:
        """Tell those who watch, and the other system."""
        if changes:
            self._hub.put(changes)
        if self._pusher is not None:
            self._pusher.take(changes)


def _personal(store: Connection, people: Sequence[str]) -> list[int]:
    """Datastreams of the tags that people wear or wore."""
    worn = [binding.tag_id for bindings in tags.tags_of(store, people).values() for binding in bindings]
    return [one.id for one in datastreams.datastreams(store, things=worn, limit=_MOST)] if worn else []
