import random

import pytest
from typer.testing import CliRunner

from highwall.core.errors import InputError, OutputError
from highwall.report.tag_sheet import SheetLayout
from highwall.twin.sql import tags
from highwall.twin.sql.database import open_database
from highwall.workflows.live.tags import issue_tags, print_again


@pytest.fixture
def store(tmp_path) -> str:
    return f"sqlite:///{tmp_path / 'twin.db'}"


def issued(store: str) -> set[str]:
    database = open_database(store)
    try:
        with database.read() as connection:
            return {tag.id for tag in tags.tags(connection)}
    finally:
        database.close()


def test_what_is_printed_is_issued_and_a_second_sheet_is_new(store, tmp_path):
    first = issue_tags(store, tmp_path / "a.pdf", n=5, title="Copper Hill", source=random.Random(3), now_us=1)
    second = issue_tags(store, tmp_path / "b.png", n=5, title="Copper Hill", source=random.Random(3), now_us=2)
    assert first.files[0].read_bytes().startswith(b"%PDF")
    assert second.files[0].read_bytes().startswith(b"\x89PNG")
    assert len(set(first.tag_ids) | set(second.tag_ids)) == 10
    assert issued(store) == set(first.tag_ids) | set(second.tag_ids)


def test_more_than_a_sheet_are_several_pictures(store, tmp_path):
    made = issue_tags(store, tmp_path / "t.png", n=22, title="x")
    assert [file.name for file in made.files] == ["t-1.png", "t-2.png"]


def test_labels_that_cannot_be_written_leave_nothing_issued(store, tmp_path):
    issue_tags(store, tmp_path / "a.pdf", n=1, title="x")
    before = issued(store)
    (tmp_path / "taken").write_text("a file where a folder should be")
    with pytest.raises(OutputError, match="could not write"):
        issue_tags(store, tmp_path / "taken" / "b.pdf", n=3, title="x")
    with pytest.raises(InputError, match="beside one another"):
        issue_tags(store, tmp_path / "b.pdf", n=3, title="x", layout=SheetLayout(columns=5))
    assert issued(store) == before


def test_an_old_label_is_printed_again_and_a_stranger_not(store, tmp_path):
    made = issue_tags(store, tmp_path / "a.pdf", n=2, title="x")
    typed = made.tag_ids[0].upper().replace("0", "O")
    assert print_again(store, tmp_path / "b.pdf", scanned=[typed], title="x").tag_ids == made.tag_ids[:1]
    with pytest.raises(InputError, match="never issued"):
        print_again(store, tmp_path / "c.pdf", scanned=["tag-00000000"], title="x")
    with pytest.raises(InputError, match=r"\.pdf or \.png"):
        print_again(store, tmp_path / "c.svg", scanned=[typed], title="x")


def test_the_verbs(store, tmp_path):
    from highwall.cli.tags import tags_app

    runner = CliRunner()
    made = runner.invoke(tags_app, ["sheet", "--store", store, "--out", str(tmp_path / "s.pdf"), "-n", "2"])
    assert made.exit_code == 0, made.output
    assert (tmp_path / "s.pdf").is_file()
    name = sorted(issued(store))[0]
    assert runner.invoke(tags_app, ["check", name.upper()]).output.strip() == name
    printed = runner.invoke(tags_app, ["again", name, "--store", store, "--out", str(tmp_path / "again.png")])
    assert printed.exit_code == 0, printed.output
    wrong = name[:-1] + ("0" if name[-1] != "0" else "2")
    assert isinstance(runner.invoke(tags_app, ["check", wrong]).exception, InputError)
