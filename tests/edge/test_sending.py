"""Sending: whatever a link loses, doubles or reorders, the server has every number in the end."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from highwall.edge.options import SendOptions
from highwall.edge.outbox import Outbox, open_outbox
from highwall.edge.sending import Sender
from highwall.telemetry.messages import Event, Priority, Reading, Resend, Watermark
from highwall.telemetry.watermark import Ranges

NOW, S = 1_760_000_000_000_000, 1_000_000
ALARM, TELEMETRY, BULK = Priority.ALARM, Priority.TELEMETRY, Priority.BULK


def opened(folder: Path) -> Outbox:
    outbox = open_outbox(folder / "outbox.sqlite", now_us=NOW)
    outbox._file._connection.execute("PRAGMA synchronous=OFF")
    return outbox


def readings(n: int) -> list[Reading]:
    return [Reading("a/b", NOW, float(i)) for i in range(n)]


def test_alarms_go_before_telemetry_before_bulk(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.put(BULK, [Event("inference", NOW, "x")] * 10)
    outbox.put(TELEMETRY, readings(300))
    outbox.put(ALARM, [Event("man_down", NOW, "tag-1")])
    sender = Sender(outbox, options=SendOptions(), now_us=NOW)
    assert [pack.numbers.priority for pack in sender.due(NOW)] == [ALARM, TELEMETRY, TELEMETRY, TELEMETRY, BULK]
    assert list(sender.due(NOW)) == []
    outbox.close()


def test_telemetry_waits_for_company_or_a_second_and_alarms_for_nobody(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    sender = Sender(outbox, options=SendOptions(), now_us=NOW)
    assert [pack.numbers.priority for pack in sender.due(NOW)] == [ALARM]
    outbox.put(TELEMETRY, readings(9))
    assert list(sender.due(NOW)) == []
    assert list(sender.due(NOW + S // 2)) == []
    assert [pack.numbers.n for pack in sender.due(NOW + S)] == [9]
    outbox.put(TELEMETRY, readings(10))
    assert [pack.numbers.n for pack in sender.due(NOW + S)] == [10]
    outbox.close()


def test_what_is_asked_for_goes_before_everything_else(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    outbox.put(TELEMETRY, readings(500))
    sender = Sender(outbox, options=SendOptions(), now_us=NOW)
    list(sender.due(NOW))
    outbox.put(ALARM, [Event("man_down", NOW, "tag-1")])
    resend = Resend(outbox.boot_epoch, TELEMETRY, 250, 350)
    sender.ask(resend)
    sender.ask(resend)
    packs = list(sender.due(NOW))
    assert packs[0].numbers.priority is TELEMETRY
    assert packs[0].numbers.first <= 250
    while packs[-1].numbers.priority is not TELEMETRY or packs[-1].numbers.last < 350:
        packs += list(sender.due(NOW))
    assert sum(pack.numbers.priority is ALARM for pack in packs) == 1
    outbox.close()


def test_a_clock_that_is_set_back_holds_nothing_up(tmp_path: Path) -> None:
    outbox = opened(tmp_path)
    options = SendOptions(patience_s=20.0, linger_s=1.0)
    sender = Sender(outbox, options=options, now_us=NOW)
    assert [pack.numbers.priority for pack in sender.due(NOW)] == [ALARM]
    outbox.put(TELEMETRY, readings(3))
    assert list(sender.due(NOW)) == []
    back_us = NOW - 7200 * S
    assert list(sender.due(back_us)) == []  # a small step back is no reason to send everything again
    assert [pack.numbers.priority for pack in sender.due(back_us + S)] == [TELEMETRY]
    assert [pack.numbers.priority for pack in sender.due(back_us + 21 * S)] == [ALARM]
    outbox.close()


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(1, 60)),
        st.tuples(st.just("link"), st.integers(0, 2**16 - 1)),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(1, 40)),
    ),
    max_size=25,
)


@settings(max_examples=40)
@given(steps=_STEPS)
def test_a_link_that_loses_and_a_process_that_dies_lose_nothing(steps: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        outbox, now_us, there = opened(folder), NOW, Ranges()
        sender = Sender(outbox, options=SendOptions(patience_s=5.0), now_us=now_us)

        def exchange(lost: int) -> None:
            """Send what is due; bits of ``lost`` say which messages, and whether the answer, do not arrive."""
            nonlocal there
            for number, pack in enumerate(sender.due(now_us)):
                if pack.numbers.priority is TELEMETRY and not lost >> (number % 15 + 1) & 1:
                    there = there.add(pack.numbers.first, pack.numbers.last)
            if not lost & 1:
                sender.confirm(Watermark(outbox.boot_epoch, {TELEMETRY: there.unbroken}), now_us)
                for gap in there.gaps()[:1]:
                    sender.ask(Resend(outbox.boot_epoch, TELEMETRY, gap.first, gap.last))

        for what, n in steps:
            if what == "put":
                outbox.put(TELEMETRY, readings(n))
            elif what == "link":
                exchange(n)
            elif what == "restart":
                outbox.close()
                outbox = opened(folder)
                sender = Sender(outbox, options=SendOptions(patience_s=5.0), now_us=now_us)
            else:
                now_us += n * S
        for _ in range(12):  # the link is good again
            now_us += 600 * S
            exchange(0)
        assert outbox.committed(TELEMETRY) == outbox.last(TELEMETRY)
        assert there == Ranges.upto(outbox.last(TELEMETRY))
        outbox.close()
