"""Hugging Face `ClassLabel`: columns of class numbers with names in the dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datasets import Features

Classes = Mapping[str, Sequence[str]]  # column -> names of the class numbers


def class_names(features: Features) -> Classes:
    """Return the class names of every column of type `ClassLabel`."""
    from datasets import ClassLabel

    return {
        column: feature.names
        for column, feature in features.items()
        if isinstance(feature, ClassLabel) and feature.names
    }


def replace_class_numbers(cells: Mapping[str, Any], classes: Classes) -> dict[str, Any]:
    """Replace the class numbers of a row by names; -1, the number of hidden labels, becomes None."""
    result = dict(cells)
    for column, names in classes.items():
        number = result.get(column)
        if number is not None:
            result[column] = names[number] if number >= 0 else None
    return result
