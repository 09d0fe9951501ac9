import numpy as np
import pytest

from highwall.classification.label_tables import (
    Cell,
    LabelTables,
    content_key,
    parse_cells,
    parse_contents,
    parse_groups,
)
from highwall.core.errors import InputError


def test_tables_are_read():
    cells = parse_cells(["mosaic,row,column,label", "m.png,0,3,none", "m.png,1,0,unsure"])
    assert cells == {Cell("m.png", 0, 3): "none", Cell("m.png", 1, 0): "unsure"}
    assert parse_contents(["chip,family,label,seen", 'ab12,f,unsure,"trees, only"']) == {"ab12": "unsure"}
    assert parse_groups(["family,group", "a,g", "b,g"]) == {"a": "g", "b": "g"}


def test_a_missing_column_and_an_unknown_label_are_named():
    with pytest.raises(InputError, match="lacks label; its first line is mosaic,row,column,label"):
        parse_cells(["mosaic,row,column", "m.png,0,3"])
    with pytest.raises(InputError, match="'pit' is unknown"):
        parse_cells(["mosaic,row,column,label", "m.png,0,3,pit"])


def test_a_family_of_no_group_is_its_own():
    tables = LabelTables(group_of={"a": "g"})
    assert (tables.group("a"), tables.group("b")) == ("g", "b")


def test_the_key_follows_the_content_and_not_the_memory():
    chip = np.arange(48 * 48 * 3, dtype=np.uint8).reshape(48, 48, 3)
    assert content_key(chip) == content_key(np.asfortranarray(chip))
    assert content_key(chip) != content_key(chip[::-1])
    assert len(content_key(chip)) == 16
