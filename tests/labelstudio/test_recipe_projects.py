"""Whether a recipe reads the project that it is run for, as far as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.engine.recipe import load_recipe
from workbench_labelstudio.live.recipe_projects import mismatches, projects_of
from workbench_labelstudio.project.project import Project

SERVER = "https://studio.example/ls"
PROJECT = Project(3, "客服 2024", "<View/>", 0, 0, 0, {})


@pytest.fixture
def recipe(host, tmp_path):
    """`recipe(source, reader="labelstudio", key="value")`, read."""

    def read(source, reader="labelstudio", **keys):
        lines = [f'reader = "{reader}"', f'source = "{source}"', *(f'{key} = "{keys[key]}"' for key in keys)]
        (tmp_path / "recipe.toml").write_text("\n".join(["[[import]]", *lines]), encoding="utf-8")
        return load_recipe(tmp_path / "recipe.toml", host)

    return read


def words(recipe, mirror=None):
    return list(mismatches(recipe, Path("recipe.toml"), PROJECT, SERVER, mirror))


@pytest.mark.parametrize(
    "source",
    ["3", " 3 ", "客服 2024", f"{SERVER}/projects/3", f"{SERVER}/projects/3/data?tab=1", f"{SERVER}//projects/3"],
)
def test_an_id_a_title_and_an_address_are_the_project(recipe, source):
    assert words(recipe(source)) == []
    assert words(recipe(source, url=f"{SERVER}/")) == []


@pytest.mark.parametrize(
    ("source", "keys"),
    [
        ("4", {}),
        ("客服", {}),
        ("https://other.example/projects/3", {}),
        (f"{SERVER}/projects/33", {}),
        ("3", {"url": "https://other.example"}),
    ],
)
def test_another_project_is_none(recipe, source, keys):
    (message,) = words(recipe(source, **keys))
    assert f"imports {source}, and not project 3 (客服 2024) of {SERVER}" in message


def test_the_local_copies_are_to_be_the_same(recipe, tmp_path):
    assert words(recipe("3", mirror=tmp_path / "a"), str(tmp_path / "b" / ".." / "a")) == []
    assert "all is read twice" in words(recipe("3", mirror=tmp_path / "a"))[0]
    assert "all is read twice" in words(recipe("3"), str(tmp_path / "a"))[0]


@pytest.mark.parametrize(
    ("source", "reader", "projects"),
    [
        ("3", "labelstudio", {3}),
        (f"{SERVER}/projects/12/data", "labelstudio", {12}),
        ("客服 2024", "labelstudio", None),
        ("3", "csv", None),
    ],
)
def test_the_ids_are_known_where_the_recipe_gives_them(recipe, source, reader, projects):
    assert projects_of(recipe(source, reader)) == projects
