"""Which functions a component declares, and what each is called with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.component import Component
from workbench.components import Pass, Reader, Runtime
from workbench.protocols import VotesFunction, arguments, arguments_of


@dataclass(frozen=True)
class Called:
    """A function of a component.

    Args:
        field: of the component that holds it.
        run: the function, or its address.
        wanted: names of the arguments that it is called with; None where nobody says.
    """

    field: str
    run: Callable[..., Any] | str
    wanted: Sequence[str] | None


def functions_of(component: Component) -> Iterator[Called]:
    """The functions of a component, `run` first."""
    yield Called("run", component.run, arguments(type(component)))
    if isinstance(component, Reader) and component.votes:
        yield Called("votes", component.votes, arguments_of(VotesFunction))
    if isinstance(component, Runtime):
        told = {"facts": ["model"], "cpu_warning": ["bundle"], "cpu_advice": []}
        declared = {name: getattr(component, name) for name in told}
        yield from (Called(name, run, told[name]) for name, run in declared.items() if run)
    if isinstance(component, Pass):
        for option, axis in component.space.items():
            if isinstance(axis.values, str) or callable(axis.values):
                yield Called(f"space.{option}.values", axis.values, ["model"])
            if axis.resize:
                yield Called(f"space.{option}.resize", axis.resize, ["config", "value"])
