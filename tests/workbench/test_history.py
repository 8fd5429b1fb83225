"""Steps of a model's history, and the models that are derived with one more step."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from importlib.metadata import version

from workbench.api import Model, history_step, option


@dataclass(frozen=True)
class PassOptions:
    share: float = option(0.5, "share that stays")
    threads: int = option(1, "threads", affects_output=False)
    texts: str | None = option(None, "a file of texts", kind="path")


def test_a_step_names_options_that_matter_and_versions():
    step = history_step("shrink", PassOptions(0.25, 8, "somewhere/texts.txt"), ("numpy",), before=6, kept=[0, 2])
    assert step == {
        "step": "shrink",
        "options": {"share": 0.25, "texts": "texts.txt"},
        "libraries": {"numpy": version("numpy")},
        "before": 6,
        "kept": [0, 2],
    }


def test_a_derived_model_is_written_with_one_more_step(tmp_path):
    (tmp_path / "given").mkdir()
    given = Model(tmp_path / "given", "torch", "intent", ("a", "b"), 32, prefix="q: ", history=({"step": "train"},))
    (given.path / "tokenizer.json").write_text("{}")
    given.copy_tokenizer(tmp_path / "made")
    made = given.derive(tmp_path / "made", {"step": "shrink"}, format="onnx", rows_per_call=1)
    assert sorted(path.name for path in made.path.iterdir()) == ["tokenizer.json", "workbench.json"]
    assert Model.load(tmp_path / "made") == made
    assert [step["step"] for step in made.history] == ["train", "shrink"]
    same = dataclasses.replace(made, path=given.path, format="torch", rows_per_call=None, history=given.history)
    assert same == given
    assert not (given.path / "workbench.json").exists()
