"""Options: one dataclass for the recipe, the command line and the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import click
import pytest

from workbench.cli.options import click_options, collect
from workbench.errors import UsageProblem
from workbench.options import as_json, option, option_fields, parse_options, parse_text


@dataclass(frozen=True)
class Sample:
    epochs: int = option(3, "how often", ge=1, le=99)
    rate: float = option(0.1, "how fast")
    mode: Literal["fast", "slow"] = option("fast", "how")
    names: tuple[str, ...] = option(("a",), "which")
    shares: dict[str, float] | None = option(None, "how much")
    threads: int = option(1, "cores", affects_output=False)
    source: str = option("far/away/data.csv", "where", kind="path")
    wet: bool = option(False, "water")


def test_values_keep_their_types_and_integers_pass_as_floats():
    parsed = parse_options(Sample, {"epochs": 5, "rate": 1, "names": ["x", "y"], "shares": {"train": 1}}, "here")
    assert parsed == Sample(epochs=5, rate=1.0, names=("x", "y"), shares={"train": 1.0})


def test_a_table_may_be_the_one_name_that_it_is_all_about():
    assert parse_options(Sample, {"shares": "test"}, "here").shares == {"test": 1.0}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epoch": 1}, ["here", "unknown key 'epoch'", "Did you mean 'epochs'?"]),
        ({"epochs": "five"}, ["here.epochs", "'five'", "int"]),
        ({"epochs": True}, ["here.epochs", "bool"]),
        ({"epochs": 0}, ["here.epochs", "at least 1"]),
        ({"epochs": 100}, ["at most 99"]),
        ({"mode": "quick"}, ["unknown value 'quick'", "fast, slow"]),
        ({"names": [1]}, ["here.names", "list of names"]),
        ({"shares": {"train": "x"}}, ["here.shares", "table of numbers"]),
    ],
)
def test_what_is_wrong_is_named_with_what_to_do(values, words):
    with pytest.raises(UsageProblem) as caught:
        parse_options(Sample, values, "here")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("epochs", "7", 7),
        ("rate", "2e-5", 2e-5),
        ("names", "a, b", ("a", "b")),
        ("wet", "yes", True),
        ("shares", "train=0.9,dev=0.1", {"train": 0.9, "dev": 0.1}),
        ("shares", "test", {"test": 1.0}),
        ("shares", "none", None),
    ],
)
def test_texts_of_the_command_line_mean_values(name, text, value):
    field = next(field for field in option_fields(Sample) if field.name == name)
    assert parse_text(field, text, "here") == value


def test_a_key_leaves_out_what_cannot_change_a_result():
    assert "threads" in as_json(Sample())
    key = as_json(Sample(), key_only=True)
    assert "threads" not in key
    assert key["source"] == "data.csv"


@dataclass(frozen=True)
class Switches:
    wet: bool = option(False, "water")
    warm: bool = option(True, "heat")
    salty: bool | None = option(None, "salt")


@pytest.mark.parametrize(
    ("words", "switches"),
    [
        ([], Switches()),
        (["--wet", "--no-warm", "--no-salty"], Switches(wet=True, warm=False, salty=False)),
        (["--warm", "--salty"], Switches(salty=True)),
    ],
)
def test_a_switch_can_be_turned_from_its_default_on_the_command_line(words, switches):
    command = click.Command("bathe", params=click_options(Switches))
    assert collect(Switches, command.make_context("bathe", words).params) == switches


def test_what_is_off_anyway_cannot_be_turned_off():
    command = click.Command("bathe", params=click_options(Switches))
    assert "--no-wet" not in command.get_help(click.Context(command))
    with pytest.raises(click.NoSuchOption):
        command.make_context("bathe", ["--no-wet"])
