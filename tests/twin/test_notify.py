import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highwall.core.errors import OutputError
from highwall.telemetry.messages import check_name
from highwall.twin.notify import deliver, next_try_us, targets_of
from highwall.twin.notify_options import CapOptions, MailOptions, NotifyOptions, WebhookOptions
from highwall.twin.roles import Role
from highwall.twin.sql import alarms
from highwall.twin.sql import notices as notice_store
from highwall.twin.sql.database import Database
from tests.twin.alarms_made import AT_US, SITE, alarm, notice, outgoing

OPTIONS = NotifyOptions(first_wait_s=10.0, longest_wait_s=80.0, give_up_s=3600.0)
S = 1_000_000


class Listener:
    """A target that takes webhooks, unless it is broken, and keeps what it is told."""

    def __init__(self, name: str = "webhook:one", *, channel: str = "webhook") -> None:
        self.name = name
        self.channel = channel
        self.told: list[str] = []
        self.is_broken = False
        self.dies = False

    def takes(self, bulletin) -> bool:
        return bulletin.notice.channel == self.channel

    def send(self, bulletin, *, now_us: int) -> None:
        if self.is_broken:
            raise OutputError(f"{self.name} answered 503; look there.")
        self.told.append(bulletin.key)
        if self.dies:
            raise KeyboardInterrupt


def raise_alarm(database: Database, *notices) -> None:
    with database.begin() as connection:
        alarms.put_alarms(connection, [alarm()], at_us=AT_US)
        notice_store.put(connection, notices or [notice()])


def tell(database: Database, *targets, after_s: float = 0.0, limit: int = 100):
    now_us = AT_US + round(after_s * S)
    return deliver(database, targets, site=SITE, now_us=now_us, options=OPTIONS, limit=limit)


def test_a_notice_is_told_once(databases):
    raise_alarm(databases)
    one = Listener()
    assert tell(databases, one).n_told == 1
    assert tell(databases, one, after_s=60).n_told == 0
    assert one.told == [f"{SITE}:{AT_US}:raised:4:{AT_US}:supervisor:webhook"]


def test_a_target_that_fails_is_told_later_and_the_other_not_twice(databases):
    raise_alarm(databases)
    one, other = Listener(), Listener("webhook:two")
    one.is_broken = True
    assert tell(databases, one, other) == (0, 1, ())
    assert tell(databases, one, other, after_s=1) == (0, 0, ())  # its time has not come
    one.is_broken = False
    assert tell(databases, one, other, after_s=11).n_told == 1
    assert len(one.told) == len(other.told) == 1


def test_a_crash_between_telling_and_writing_it_down_tells_again_under_the_same_key(databases):
    raise_alarm(databases)
    one = Listener()
    one.dies = True
    with pytest.raises(KeyboardInterrupt):
        tell(databases, one)
    one.dies = False
    tell(databases, one, after_s=1)
    assert len(one.told) == 2
    assert len(set(one.told)) == 1


def test_what_nobody_takes_is_not_lost_but_told_of(databases):
    raise_alarm(databases, notice(by=("mail",)))
    assert tell(databases, Listener()).n_waiting == 1
    box = Listener("mail:a@b.example", channel="mail")
    assert tell(databases, box, after_s=30).n_told == 1


def test_what_fails_too_long_is_given_up_and_named(databases):
    raise_alarm(databases)
    one = Listener()
    one.is_broken = True
    found = tell(databases, one, after_s=3600)
    assert [(each.name, each.reason) for each in found.given_up] == [
        (f"{SITE}:{outgoing().key}", "webhook:one answered 503; look there.")
    ]
    one.is_broken = False
    assert tell(databases, one, after_s=9999).n_told == 0
    with databases.read() as connection:
        assert [each.what for each in notice_store.given_up(connection)] == ["raised"]


def test_after_a_failure_a_target_is_left_alone_for_the_round(databases):
    raise_alarm(databases, *(notice("again", at_us=AT_US + i) for i in range(5)))
    one, other = Listener(), Listener("webhook:two")
    one.is_broken = True
    assert tell(databases, one, other, after_s=1) == (0, 1, ())
    assert len(other.told) == 5
    one.is_broken = False
    assert tell(databases, one, other, after_s=2).n_told == 4
    assert tell(databases, one, other, after_s=30).n_told == 1
    assert sorted(one.told) == sorted(other.told)


def test_one_that_hangs_holds_up_no_other(databases):
    raise_alarm(databases, notice(by=("webhook", "mail")))
    reached = threading.Event()

    class Slow(Listener):
        def send(self, bulletin, *, now_us: int) -> None:
            assert reached.wait(10.0), "the other target was held up"
            super().send(bulletin, now_us=now_us)

    class Quick(Listener):
        def send(self, bulletin, *, now_us: int) -> None:
            super().send(bulletin, now_us=now_us)
            reached.set()

    assert tell(databases, Slow(), Quick("mail:a@b.example", channel="mail")).n_told == 2


def test_a_notice_whose_alarm_is_being_worked_out_again_waits(databases):
    raise_alarm(databases)
    with databases.begin() as connection:
        alarms.forget(connection)
    one = Listener()
    assert tell(databases, one) == (0, 0, ())
    raise_alarm(databases)
    assert tell(databases, one, after_s=1).n_told == 1


def test_the_end_knows_what_went_before(databases):
    raise_alarm(databases, notice(by=("cap",)), notice("cleared", at_us=AT_US + S))
    seen = []

    class Curious(Listener):
        def send(self, bulletin, *, now_us: int) -> None:
            seen.append([(each.what, each.channel) for each in bulletin.earlier])

    tell(databases, Curious(), Curious("cap:one", channel="cap"), after_s=2)
    assert sorted(seen) == [[], [("raised", "cap")]]


@given(n_tries=st.integers(0, 200), key=st.text(max_size=20))
def test_waits_grow_stay_bounded_and_are_the_same_for_the_same_try(n_tries, key):
    failed = outgoing(n_tries=n_tries)._replace(key=key)
    at = next_try_us(failed, now_us=AT_US, options=OPTIONS)
    full_s = min(80.0, 10.0 * 2.0**n_tries)
    assert full_s / 2 <= (at - AT_US) / S <= full_s + 1e-6
    assert at == next_try_us(failed, now_us=AT_US, options=OPTIONS)


def test_the_configured_targets_are_made_by_name():
    hook = WebhookOptions(name="control", url="https://a.example", secret="a secret of 24 letters..")
    cap = CapOptions(name="dispatch", url="https://b.example", secret="a secret of 24 letters..", sender="t@m.example")
    recipients = {Role.MANAGER: ("m@x.example", "s@x.example"), Role.SUPERVISOR: ("s@x.example",)}
    mail = MailOptions(host="mail.example", sender="t@m.example", recipients=recipients)
    made = targets_of(NotifyOptions(webhooks=(hook,), caps=(cap,), mail=mail))
    assert [each.name for each in made] == ["webhook:control", "mail:m@x.example", "mail:s@x.example", "cap:dispatch"]
    assert targets_of(NotifyOptions()) == []


def test_the_site_of_these_tests_is_a_name_of_the_wire():
    assert check_name(SITE, what="site") == SITE
