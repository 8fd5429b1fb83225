"""Hugging Face `ClassLabel`: a column of numbers that the dataset itself gives names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Features

Classes = Mapping[str, Sequence[str]]  # column -> the names of its numbers


def class_names(features: Features) -> Classes:
    """The names of every column of type `ClassLabel`."""
    from datasets import ClassLabel

    return {
        column: feature.names
        for column, feature in features.items()
        if isinstance(feature, ClassLabel) and feature.names
    }


def named_cells(cells: Mapping[str, Any], classes: Classes) -> dict[str, Any]:
    """A row with names for its class numbers; -1, which stands for a hidden label, becomes None."""
    named = dict(cells)
    for column, names in classes.items():
        number = named.get(column)
        if number is not None:
            named[column] = names[number] if number >= 0 else None
    return named
