"""Nested structures: order of leaves, packing, mapping."""

from collections import namedtuple

import pytest

from whit import tree

Point = namedtuple("Point", "x y")


def test_flatten_sorts_the_keys_of_dicts_and_keeps_none():
    assert tree.flatten({"b": [1, (2, None)], "a": 3}) == [3, 1, 2, None]
    assert tree.flatten(5) == [5]
    assert tree.flatten([]) == []


def test_pack_gives_back_the_same_structure():
    structure = {"b": [1, (2,)], "a": Point(3, 4)}
    packed = tree.pack_sequence_as(structure, [10, 20, 30, 40])
    assert packed == {"b": [30, (40,)], "a": Point(10, 20)}
    assert isinstance(packed["a"], Point)
    assert list(packed) == ["b", "a"]


def test_map_structure_over_several():
    assert tree.map_structure(lambda a, b: a * b, [2, {"k": 3}], [5, {"k": 7}]) == [10, {"k": 21}]
    with pytest.raises(ValueError, match="shorter"):
        tree.map_structure(lambda a, b: a, [1, 2], [1])


def test_keys_that_do_not_compare_keep_their_order():
    assert tree.flatten({"z": 1, 0: 2}) == [1, 2]
