"""What a search goes by: dev alone judges, and nothing of it is learned."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from workbench.context import Context
from workbench_compress import SearchOptions
from workbench_compress.lab.data import gather


def gathered(searching, tmp_path: Path, lines: list[str]):
    file = tmp_path / "extra.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    context = Context(host=searching.host, seed=13, work=tmp_path, dataset=searching.dataset)
    return gather(searching.model, SearchOptions(texts=str(file)), context, "--use onnx,int8")


def test_passes_and_trainers_see_no_row_of_dev(searching, tmp_path):
    found = gathered(searching, tmp_path, ["something else"])
    judging = {row.id for row in searching.dataset.split("dev")}
    assert len(found.texts) == len(judging)
    assert not judging & {row.id for row in found.learning}
    assert {row.id for row in found.learning} == {row.id for row in searching.dataset} - judging


def test_further_texts_that_stand_in_dev_are_not_learned_from(searching, tmp_path):
    held, *_ = searching.dataset.split("dev")
    found = gathered(searching, tmp_path, [f"  {held.text} ", "quite another text"])
    assert Path(found.background).read_text(encoding="utf-8").splitlines() == ["quite another text"]


def test_texts_that_all_stand_in_dev_are_none(searching, tmp_path):
    assert gathered(searching, tmp_path, [row.text for row in searching.dataset.split("dev")]).background is None


def test_texts_alone_are_split(searching, tmp_path):
    alone = dataclasses.replace(searching, dataset=None)
    texts = [f"text number {number}" for number in range(600)]
    found = gathered(alone, tmp_path, texts)
    assert (found.labelled_by, found.background, len(found.texts)) == ("baseline", None, 150)
    assert {row.text for row in found.learning} == set(texts) - set(found.texts)
