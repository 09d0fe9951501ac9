import datetime as dt

import pytest
from pydantic import ValidationError

from highwall.core.errors import SceneError
from highwall.core.site import Site
from highwall.insar.options import NetworkOptions
from highwall.io.archive.ledger import Ledger, OrderOptions
from highwall.io.archive.plan import ArchivePlan
from highwall.io.archive.search import SearchOptions
from highwall.workflows.radar.archive import order, search
from tests.io.archives import AOI
from tests.io.cmr_server import cmr_server, granule
from tests.io.hyp3_server import hyp3_server

SITE = Site.over("serra", AOI)
OPTIONS = SearchOptions(start=dt.date(2018, 1, 1), end=dt.date(2018, 12, 31))
DAYS = [dt.date(2018, 1, 6) + n * dt.timedelta(days=12) for n in range(6)]


def granules(**more):
    return [granule(str(day), orbit=number, bperp_m=20.0 * number, **more) for number, day in enumerate(DAYS)]


def planned(out, *, network=None):
    chosen = {} if network is None else {"network": network}
    with cmr_server(granules()) as archive:
        return search(SITE, options=OPTIONS, out=out, session=archive.session, **chosen)


def test_from_an_aoi_to_a_plan(tmp_path):
    plan = planned(tmp_path)
    assert ArchivePlan.read(tmp_path / "plan.json") == plan
    assert (plan.name, plan.track, plan.direction) == ("serra", 102, "ascending")
    assert [acquisition.date for acquisition in plan.acquisitions] == DAYS
    assert [acquisition.bperp_m for acquisition in plan.acquisitions] == [0, 20, 40, 60, 80, 100]
    assert len(plan.orbits) == len(DAYS)
    assert plan.gacos[0].dates[0] == "20180106"
    assert plan.reference in DAYS
    # Four later neighbours at most within 60 days: 4 + 4 + 3 + 2 + 1.
    assert len(plan.pairs) == 14
    assert all(pair.bperp_m == pytest.approx((pair.second - pair.first).days / 12 * 20.0) for pair in plan.pairs)
    page = (tmp_path / "plan.txt").read_text(encoding="utf-8")
    assert plan.acquisitions[0].scenes[0].name in page


def test_thresholds_of_the_network_hold(tmp_path):
    plan = planned(tmp_path, network=NetworkOptions(max_btemp_days=24.0, max_bperp_m=30.0))
    assert {(pair.second - pair.first).days for pair in plan.pairs} == {12}


def test_the_asked_direction_is_taken(tmp_path):
    both = [*granules(), *granules(track=22, direction="DESCENDING")]
    with cmr_server(both) as archive:
        options = OPTIONS.model_copy(update={"direction": "descending"})
        assert search(SITE, options=options, out=tmp_path, session=archive.session).track == 22


def test_a_single_pass_makes_no_plan_and_leaves_no_file(tmp_path):
    with cmr_server(granules()[:1]) as archive, pytest.raises(SceneError, match="1 dates"):
        search(SITE, options=OPTIONS, out=tmp_path / "out", session=archive.session)
    assert not (tmp_path / "out").exists()


def test_nothing_is_sent_unless_it_is_asked_for(tmp_path):
    planned(tmp_path)
    with hyp3_server() as (hyp3, server):
        ledger = order(tmp_path / "plan.json", out=tmp_path, processor=hyp3)
        assert server.requests == []
    assert ledger.counts() == {"PREPARED": 14}
    assert Ledger.read(tmp_path / "orders.json") == ledger


def test_orders_are_sent_awaited_and_unpacked(tmp_path):
    planned(tmp_path)
    waits = []
    with hyp3_server() as (hyp3, server):

        def sleep(seconds):
            waits.append(seconds)
            server.ripen(first=7)

        ledger = order(tmp_path / "plan.json", out=tmp_path, until="downloaded", processor=hyp3, sleep=sleep)
        again = order(tmp_path / "plan.json", out=tmp_path, until="downloaded", processor=hyp3, sleep=sleep)
        assert server.requests == [14]
        assert server.downloads == 14
    assert waits == [300.0, 300.0]
    assert ledger.counts() == {"SUCCEEDED": 14}
    assert again == ledger
    assert len(list(tmp_path.rglob("*_unw_phase.tif"))) == 14


def test_after_a_break_it_goes_on(tmp_path):
    planned(tmp_path)
    with hyp3_server() as (hyp3, server):
        order(tmp_path / "plan.json", out=tmp_path, until="submitted", processor=hyp3)
        server.ripen()
        server.breaks_at = 5
        with pytest.raises(SceneError):
            order(tmp_path / "plan.json", out=tmp_path, until="downloaded", processor=hyp3)
        ledger = order(tmp_path / "plan.json", out=tmp_path, until="downloaded", processor=hyp3)
        assert server.requests == [14]
        assert server.downloads == 15
    assert all(each.files for each in ledger.orders)


def test_failed_orders_are_sent_again_only_when_asked(tmp_path):
    planned(tmp_path)
    with hyp3_server() as (hyp3, server):
        order(tmp_path / "plan.json", out=tmp_path, until="submitted", processor=hyp3)
        server.ripen("FAILED")
        ledger = order(tmp_path / "plan.json", out=tmp_path, until="downloaded", processor=hyp3)
        assert ledger.counts() == {"FAILED": 14}
        retry = OrderOptions(retry_failed=True)
        order(tmp_path / "plan.json", out=tmp_path, until="submitted", processor=hyp3, options=retry)
        assert server.requests == [14, 14]


def test_options_are_bounded():
    with pytest.raises(ValidationError):
        OrderOptions(looks="5x1")
