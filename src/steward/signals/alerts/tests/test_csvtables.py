"""CSV files as tables: what is read, and what is refused with its line."""

import pytest

from steward.signals.alerts import csvtables
from steward.signals.alerts.csvtables import BadCsv, decoded, difference, examples, header, read, written


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("", "empty", 0), ("a,b\n", "empty", 0), ("a,b\n1\n", "cells", 2), ("a,a\n1,2\n", "column-twice", 1),
        ("a,\n1,2\n", "column-unnamed", 1), ("a,b\n1,2\n\n1,3\n", "key-twice", 4), ("a,b\n,2\n", "key-empty", 2),
        ('a,b\n"x\ny",2\n3\n', "cells", 4), ('a,b\n1,"x\n', "syntax", 2), ("a,b\n1,x\0\n", "nul", 2),
        ("a,b\n1," + "x" * 5000 + "\n", "cell-too-long", 2), (",".join(map(str, range(65))), "empty", 0),
        (",".join(map(str, range(65))) + "\n1", "too-many-columns", 1),
        ("a,b\n" + "".join(f"{n},x\n" for n in range(50_001)), "too-many-rows", 50_003),
        ("a" * (csvtables.MAX_BYTES + 1), "too-long", 0),
    ],
)  # fmt: skip
def test_faults_name_their_line(text: str, code: str, line: int) -> None:
    with pytest.raises(BadCsv) as error:
        read(text)
    assert (error.value.faults[0].code, error.value.faults[0].line) == (code, line)


def test_several_faults_are_told_at_once() -> None:
    with pytest.raises(BadCsv) as error:
        read("a,b\n1\n2,x\n3\n")
    assert [each.line for each in error.value.faults] == [2, 4]
    with pytest.raises(BadCsv) as error:
        read("a,b\n1,2\n", ["c"])
    assert error.value.faults[0].code == "key"


def test_encodings_and_separators() -> None:
    assert read(decoded("\ufeffhost;team\nä;b\n".encode())).rows == [["ä", "b"]]
    assert read(decoded("host\tteam\nä\tb\n".encode("utf-16"))).columns == ("host", "team")
    with pytest.raises(BadCsv) as error:
        decoded(b"a,b\nc,d\ne,\xff\n")
    assert (error.value.faults[0].code, error.value.faults[0].line) == ("encoding", 3)
    assert header('"a;b", c\n1') == ("a;b", "c")


def test_what_is_written_is_read_again_and_differences_are_by_key() -> None:
    one = read("a,b,c\n1,x,y\n2,x,y\n", ["a", "b"])
    assert read(written(one.columns, one.rows), one.key) == one
    two = read("a,c,b\n1,z,x\n3,y,x\n", ["a", "b"])
    assert difference(one, two) == {"added": 1, "removed": 1, "changed": 1}
    assert [each[0] for each in examples(one, two)] == ["changed", "removed", "added"]
    assert difference(None, one)["added"] == 2
