import sys

import pytest

from highwall.core.errors import InputError, SceneError
from highwall.io.archive.ledger import Ledger, OrderOptions
from highwall.io.archive.orders import download, open_processor, prepare, refresh, submit
from tests.io.archives import acquisition, plan
from tests.io.hyp3_server import hyp3_server

BURSTS = ("102_217855_IW2", "102_217856_IW2")
MULTI_BURST = OrderOptions(job_type="INSAR_ISCE_MULTI_BURST", looks="20x4")


def test_a_slice_pair_becomes_a_gamma_job():
    ledger = prepare(plan(), options=OrderOptions(water_mask=True))
    assert [order.pair for order in ledger.orders] == ["20180106_20180118", "20180118_20180130"]
    job = ledger.orders[0].job
    assert (job["job_type"], job["name"]) == ("INSAR_GAMMA", "highwall-serra-102-ascending")
    asked = job["job_parameters"]
    assert asked["granules"] == ["S1A_20180106_10", "S1A_20180118_10"]
    assert (asked["looks"], asked["apply_water_mask"], asked["phase_filter_parameter"]) == ("10x2", True, 0.6)
    assert asked["include_look_vectors"]
    assert asked["include_dem"]
    assert ledger.counts() == {"PREPARED": 2}


def test_slices_are_matched_by_the_ground_they_saw():
    made = plan(acquisition("2018-01-06", slices=3), acquisition("2018-01-18", slices=2))
    granules = [order.job["job_parameters"]["granules"] for order in prepare(made).orders]
    assert granules == [["S1A_20180106_10", "S1A_20180118_10"], ["S1A_20180106_30", "S1A_20180118_30"]]


def test_bursts_become_one_job_matched_by_their_number():
    made = plan(acquisition("2018-01-06", bursts=BURSTS), acquisition("2018-01-18", bursts=BURSTS[::-1]))
    (order,) = prepare(made, options=MULTI_BURST).orders
    asked = order.job["job_parameters"]
    assert asked["reference"] == [f"S1_{burst}_2018-01-06-BURST" for burst in BURSTS]
    assert asked["secondary"] == [f"S1_{burst}_2018-01-18-BURST" for burst in BURSTS]


def test_granules_that_do_not_fit_the_job_are_refused():
    with pytest.raises(InputError, match="cannot be made of slices"):
        prepare(plan(), options=MULTI_BURST)
    bursts = plan(acquisition("2018-01-06", bursts=BURSTS), acquisition("2018-01-18", bursts=BURSTS))
    with pytest.raises(InputError, match="cannot be made of bursts"):
        prepare(bursts)
    strangers = plan(acquisition("2018-01-06", bursts=BURSTS[:1]), acquisition("2018-01-18", bursts=BURSTS[1:]))
    with pytest.raises(InputError, match="no slice or burst in common"):
        prepare(strangers, options=MULTI_BURST)


def test_orders_are_sent_once_and_fetched_once(tmp_path):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan()), hyp3, path=path)
        assert ledger.counts() == {"PENDING": 2}
        assert submit(Ledger.read(path), hyp3, path=path) == ledger
        assert server.requests == [2]
        server.ripen(first=1)
        ledger = download(ledger, hyp3, path=path)
        assert ledger.counts() == {"SUCCEEDED": 1, "PENDING": 1}
        server.ripen()
        ledger = download(Ledger.read(path), hyp3, path=path)
        assert download(ledger, hyp3, path=path) == ledger
        assert server.downloads == 2
    assert Ledger.read(path) == ledger
    for number, order in enumerate(ledger.orders):
        assert order.files == (f"job-{number}/job-{number}/job-{number}.txt",
                               f"job-{number}/job-{number}/job-{number}_unw_phase.tif")  # fmt: skip
        assert all((tmp_path / name).is_file() for name in order.files)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["job-0", "job-1", "orders.json"]


def test_a_break_between_sending_and_saving_orders_nothing_twice(tmp_path):
    prepared = prepare(plan())
    with hyp3_server() as (hyp3, server):
        submit(prepared, hyp3, path=tmp_path / "lost.json")
        ledger = submit(prepared, hyp3, path=tmp_path / "orders.json")  # knows of no job
        assert server.requests == [2]
    assert [order.job_id for order in ledger.orders] == ["job-0", "job-1"]


def test_many_orders_go_in_several_requests(tmp_path):
    passes = [acquisition(f"2018-{month:02d}-{day:02d}") for month in range(1, 10) for day in range(1, 29)]
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan(*passes)), hyp3, path=tmp_path / "orders.json")
        assert server.requests == [200, 51]
    assert ledger.counts() == {"PENDING": 251}


def test_failed_orders_stay_failed_until_they_are_retried(tmp_path):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan()), hyp3, path=path)
        server.ripen("FAILED", first=1)
        ledger = submit(refresh(ledger, hyp3, path=path), hyp3, path=path)
        assert ledger.counts() == {"FAILED": 1, "PENDING": 1}
        assert server.requests == [2]
        ledger = submit(ledger.retried(), hyp3, path=path)
        assert ledger.counts() == {"PENDING": 2}
        assert server.requests == [2, 1]
    assert ledger.orders[0].job_id == "job-2"


def test_what_expired_before_it_was_fetched_has_failed(tmp_path):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan()), hyp3, path=path)
        server.expires = "2026-01-15T00:00:00+00:00"
        server.ripen()
        assert download(ledger, hyp3, path=path).counts() == {"FAILED": 2}
        assert server.downloads == 0


def test_a_broken_download_leaves_nothing_half_done(tmp_path):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan()), hyp3, path=path)
        server.ripen()
        server.breaks_at = 2
        with pytest.raises(SceneError, match="What was done is in the ledger"):
            download(ledger, hyp3, path=path)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["job-0", "orders.json"]
        kept = Ledger.read(path)
        assert [bool(order.files) for order in kept.orders] == [True, False]
        assert all(order.files for order in download(kept, hyp3, path=path).orders)


@pytest.mark.parametrize("answer", [b"<html>Earthdata Login</html>", b"PK\x03\x04 cut short"])
def test_what_is_no_zip_is_named_and_fetched_again(tmp_path, answer):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        ledger = submit(prepare(plan()), hyp3, path=path)
        server.ripen()
        server.spoils = (2, answer)
        with pytest.raises(SceneError, match=rf"job-1\.zip came from HyP3 with {len(answer)} bytes.*~/\.netrc"):
            download(ledger, hyp3, path=path)
        assert sorted(each.name for each in tmp_path.iterdir()) == ["job-0", "orders.json"]
        assert all(order.files for order in download(Ledger.read(path), hyp3, path=path).orders)


def test_another_filter_is_ordered_anew(tmp_path):
    path = tmp_path / "orders.json"
    with hyp3_server() as (hyp3, server):
        submit(prepare(plan()), hyp3, path=path)
        changed = prepare(plan(), options=OrderOptions(phase_filter=0.2)).keeping(Ledger.read(path))
        assert submit(changed, hyp3, path=path).orders[0].job_id == "job-2"
        assert server.requests == [2, 2]


def test_a_refusal_is_told_in_the_words_of_hyp3(tmp_path):
    with hyp3_server() as (hyp3, server):
        server.refuses = "Your request needs 30 credits but you have 2"
        with pytest.raises(SceneError, match="needs 30 credits"):
            submit(prepare(plan()), hyp3, path=tmp_path / "orders.json")
    assert Ledger.read(tmp_path / "orders.json").counts() == {"PREPARED": 2}


def test_hyp3_out_of_reach_is_named(tmp_path):
    with hyp3_server() as (hyp3, _):
        pass
    with pytest.raises(SceneError, match="HyP3 did not do as asked"):
        refresh(prepare(plan()), hyp3, path=tmp_path / "orders.json")


def test_without_the_extra_its_name_is_given(monkeypatch):
    monkeypatch.setitem(sys.modules, "hyp3_sdk", None)
    for call in (lambda: prepare(plan()), open_processor):
        with pytest.raises(InputError, match=r"highwall\[archive\]"):
            call()
