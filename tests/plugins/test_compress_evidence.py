"""What a search leaves as evidence when nothing keeps every budget."""

from __future__ import annotations

import pytest

from workbench.errors import GateRefused


def test_a_refused_search_leaves_what_it_measured(searching, tmp_path):
    known = searching.known("whole", tmp_path)
    with pytest.raises(GateRefused) as caught:
        known.run("whole", max_size_mb=0.0001, minutes=0.0, vocabulary="keep")
    evidence = known.evidence("whole")
    assert evidence["chosen"] is None
    assert not any(candidate["chosen"] for candidate in evidence["candidates"])
    assert all("max_size_mb" in candidate["misses"] for candidate in evidence["candidates"])
    assert [known for known in evidence["nearest"] if f"{known}: " not in str(caught.value)] == []
    assert len(evidence["nearest"]) == 3


def test_a_choice_has_no_nearest_misses(searching):
    evidence = searching.evidence("whole")
    assert evidence["nearest"] == []
    assert [c["name"] for c in evidence["candidates"] if c["chosen"]] == [evidence["chosen"]]
