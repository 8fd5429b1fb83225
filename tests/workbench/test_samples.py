"""Some of many, from the whole of them."""

import pytest

from workbench.quality.samples import evenly


def test_they_come_from_the_whole_of_a_sorted_split():
    assert evenly(range(10), 5) == [0, 2, 4, 6, 8]
    assert evenly("aaaabbbbcc", 5) == ["a", "a", "b", "b", "c"]


@pytest.mark.parametrize("most", [None, 3, 9])
def test_all_are_taken_where_no_more_are_there(most):
    assert evenly(["x", "y", "z"], most) == ["x", "y", "z"]


def test_none_of_none():
    assert evenly([], 5) == evenly([]) == evenly("abc", 0) == []
