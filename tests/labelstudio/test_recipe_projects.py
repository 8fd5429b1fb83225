"""Which projects a recipe reads, as far as it says."""

from __future__ import annotations

import pytest

from workbench.engine.recipe import load_recipe
from workbench_labelstudio.live.retraining import projects_of

SERVER = "https://studio.example/ls"


@pytest.mark.parametrize(
    ("source", "reader", "projects"),
    [
        ("3", "labelstudio", {3}),
        (" 3 ", "labelstudio", {3}),
        (f"{SERVER}/projects/12/data?tab=1", "labelstudio", {12}),
        (f"{SERVER}//projects/12", "labelstudio", {12}),
        ("客服 2024", "labelstudio", None),
        ("3", "csv", None),
    ],
)
def test_the_ids_are_known_where_the_recipe_gives_them(host, tmp_path, source, reader, projects):
    (tmp_path / "recipe.toml").write_text(f'[[import]]\nreader = "{reader}"\nsource = "{source}"', encoding="utf-8")
    assert projects_of(load_recipe(tmp_path / "recipe.toml", host)) == projects
