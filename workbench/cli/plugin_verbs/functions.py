"""The functions that a component declares, with their arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.component import Component
from workbench.components import Pass, Reader, Runtime
from workbench.protocols import VotesFunction, arguments, arguments_of


@dataclass(frozen=True)
class DeclaredFunction:
    """A function of a component.

    Args:
        field: field of the component that holds the function.
        run: the function, or its import path.
        arguments: names of the arguments that the host passes; None if unknown.
    """

    field: str
    run: Callable[..., Any] | str
    arguments: Sequence[str] | None


def functions_of(component: Component) -> Iterator[DeclaredFunction]:
    """Yield the functions of a component, `run` first."""
    yield DeclaredFunction("run", component.run, arguments(type(component)))
    if isinstance(component, Reader) and component.votes:
        yield DeclaredFunction("votes", component.votes, arguments_of(VotesFunction))
    if isinstance(component, Runtime):
        for name, names in {"facts": ["model"], "cpu_warning": ["bundle"], "cpu_advice": []}.items():
            if run := getattr(component, name):
                yield DeclaredFunction(name, run, names)
    if isinstance(component, Pass):
        for option, axis in component.space.items():
            if isinstance(axis.values, str) or callable(axis.values):
                yield DeclaredFunction(f"space.{option}.values", axis.values, ["model"])
            if axis.resize:
                yield DeclaredFunction(f"space.{option}.resize", axis.resize, ["config", "value"])
