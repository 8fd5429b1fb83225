"""What a search leaves as measurements when nothing keeps every budget."""

from __future__ import annotations

import pytest

from workbench.errors import GateRefused


def test_a_refused_search_leaves_what_it_measured(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    with pytest.raises(GateRefused) as caught:
        known.run("whole", max_size_mb=0.0001, minutes=0.0, vocabulary="keep")
    measurements = known.measurements("whole")
    assert measurements["chosen"] is None
    assert not any(candidate["chosen"] for candidate in measurements["candidates"])
    assert all("max_size_mb" in candidate["misses"] for candidate in measurements["candidates"])
    assert [known for known in measurements["nearest"] if f"{known}: " not in str(caught.value)] == []
    assert len(measurements["nearest"]) == 3


def test_a_choice_has_no_nearest_misses(searching):
    measurements = searching.measurements("whole")
    assert measurements["nearest"] == []
    assert [c["name"] for c in measurements["candidates"] if c["chosen"]] == [measurements["chosen"]]
