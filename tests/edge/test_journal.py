"""The file of results: whatever interrupts it, each line is whole and nothing is lost or told twice."""

import datetime as dt
import json

import pytest

from highwall.core.errors import InputError, OutputError
from highwall.edge.inference import ChipFind, Evidence, Verdict
from highwall.edge.journal import Key, open_journal

TIME = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.timezone(dt.timedelta(hours=2)))
VERDICT = Verdict("crack", {"none": 0.2, "crack": 0.8}, 4, (ChipFind(8, 0, "crack", 0.8),))


def evidence(image, content="c0"):
    return Evidence(image, content, "tiny", "1", "m0", TIME)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_line_holds_result_and_evidence(tmp_path):
    path = tmp_path / "new" / "results.jsonl"
    with open_journal(path) as journal:
        journal.add(evidence("ä.png"), VERDICT)
    assert lines(path) == [
        {
            "image": "ä.png", "image_sha256": "c0", "model": "tiny", "model_version": "1", "model_sha256": "m0",
            "time": "2026-03-04T03:06:07Z", "class": "crack", "probability": 0.8,
            "class_probability": {"none": 0.2, "crack": 0.8}, "n_chips": 4,
            "finds": [{"y": 8, "x": 0, "class": "crack", "probability": 0.8}],
        }
    ]  # fmt: skip


def test_what_is_done_is_known_now_and_after(tmp_path):
    path = tmp_path / "results.jsonl"
    with open_journal(path) as journal:
        assert not journal.has(Key("a.png", "c0", "m0"))
        journal.add(evidence("a.png"), VERDICT)
        journal.set_aside(evidence("b.png"), "is cut off")
        assert journal.has(Key("a.png", "c0", "m0"))
    with open_journal(path) as journal:
        assert journal.has(Key("a.png", "c0", "m0"))
        assert journal.has(Key("b.png", "c0", "m0"))
        assert not journal.has(Key("a.png", "c1", "m0"))
        assert not journal.has(Key("a.png", "c0", "m1"))


def test_an_image_that_could_not_be_read_is_tried_again(tmp_path):
    path = tmp_path / "results.jsonl"
    with open_journal(path) as journal:
        journal.set_aside(evidence("a.png", None), "cannot be read")
    with open_journal(path) as journal:
        assert not journal.has(Key("a.png", None, "m0"))
    assert lines(path)[0]["set_aside"] == "cannot be read"


def test_cut_off_anywhere_whole_lines_stay_and_the_rest_goes(tmp_path):
    path = tmp_path / "results.jsonl"
    with open_journal(path) as journal:
        for image in ("a.png", "b.png"):
            journal.add(evidence(image), VERDICT)
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for n_bytes in (0, 1, first // 2, first - 1, first, first + 1, len(whole) - 1, len(whole)):
        path.write_bytes(whole[:n_bytes])
        with open_journal(path) as journal:
            done = [journal.has(Key(image, "c0", "m0")) for image in ("a.png", "b.png")]
        assert done == [n_bytes >= first, n_bytes == len(whole)]
        assert path.read_bytes() == whole[: 0 if n_bytes < first else first if n_bytes < len(whole) else None]


@pytest.mark.parametrize("content", ["hello\n", "[1]\n", '{"image": "a.png"}\n'])
def test_another_file_is_not_written_to(tmp_path, content):
    path = tmp_path / "other.txt"
    path.write_text(content)
    with pytest.raises(InputError, match="line 1"), open_journal(path):
        pass
    assert path.read_text() == content


def test_two_runs_do_not_write_one_file(tmp_path):
    path = tmp_path / "results.jsonl"
    with open_journal(path), pytest.raises(OutputError, match="another run"), open_journal(path):
        pass


def test_a_folder_in_its_place_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="could not write"), open_journal(tmp_path):
        pass
