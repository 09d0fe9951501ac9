import pytest

from highwall.core.errors import InputError, MissingInputError
from highwall.io.archive.ledger import Ledger, Order, job_key


def order(first="A", second="B", **more):
    job = {"job_type": "INSAR_GAMMA", "job_parameters": {"granules": [first, second], "looks": "10x2"}}
    return Order(pair="20180106_20180118", job=job, **more)


def ledger(*orders):
    return Ledger(project="highwall-serra", orders=orders)


def test_a_ledger_is_read_as_it_was_written(tmp_path):
    made = ledger(order(job_id="j", status="SUCCEEDED", files=("a.tif",)))
    assert Ledger.read(made.write(tmp_path / "orders.json")) == made


def test_no_ledger_and_a_damaged_one_are_named(tmp_path):
    with pytest.raises(MissingInputError, match="prepare the orders first"):
        Ledger.read(tmp_path / "orders.json")
    (tmp_path / "orders.json").write_text("{")
    with pytest.raises(InputError, match="is no ledger"):
        Ledger.read(tmp_path / "orders.json")


def test_orders_made_anew_keep_what_is_known_of_them():
    known = order(job_id="j", status="RUNNING")
    merged = ledger(order("A", "C"), order()).keeping(ledger(known, order("X", "Y", job_id="gone")))
    assert merged.orders == (order("A", "C"), known)


def test_other_looks_make_another_job():
    parameters = {"granules": ["A", "B"], "looks": "20x4"}
    assert job_key("INSAR_GAMMA", parameters) != order().key
    assert job_key("INSAR_GAMMA", parameters | {"looks": "10x2", "include_dem": True}) == order().key


def test_another_filter_or_water_mask_makes_another_job():
    parameters = {"granules": ["A", "B"], "looks": "10x2", "apply_water_mask": False, "phase_filter_parameter": 1.0}
    key = job_key("INSAR_GAMMA", parameters)
    assert job_key("INSAR_GAMMA", parameters | {"phase_filter_parameter": 0.6}) != key
    assert job_key("INSAR_GAMMA", parameters | {"apply_water_mask": True}) != key
    assert job_key("INSAR_GAMMA", parameters | {"phase_filter_parameter": 1}) == key  # as HyP3 writes it


def test_only_failed_orders_are_retried():
    running, failed = order(job_id="a", status="RUNNING"), order("A", "C", job_id="b", status="FAILED")
    assert ledger(running, failed).retried().orders == (running, order("A", "C"))
    assert running.is_open
    assert not failed.is_open
