from __future__ import annotations

from nnctl.config.document import Mark, Marks, dotted, value_at


def test_a_path_is_written_with_dots() -> None:
    assert dotted(("model", "hidden", 0, "units")) == "model.hidden.0.units"


def test_the_mark_of_what_was_not_written_is_that_of_what_would_hold_it() -> None:
    root, section, key = Mark("f", 1, 1), Mark("f", 2, 3), Mark("f", 1, 5)
    marks = Marks({("a",): key}, {(): root, ("a",): section})
    assert marks.mark(("a", "b", 0)) == section
    assert marks.mark(("c",), at_key=True) == root
    assert marks.mark(("a",), at_key=True) == key
    assert Marks().mark(("a",)) == Mark()


def test_a_value_is_found_by_its_path_or_is_none() -> None:
    value = {"a": [{"b": 1}]}
    assert value_at(value, ("a", 0, "b")) == 1
    assert value_at(value, ("a", 1, "b")) is None
    assert value_at(value, ("a", "b")) is None
    assert value_at(value, ()) == value
