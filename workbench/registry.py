"""A registry: the components of one named hook, by name."""

from __future__ import annotations

from typing import Any

from workbench.errors import WorkbenchError, unknown


class Registry(dict[str, Any]):
    """Components by name; asking for one that is not there raises with the nearest name."""

    def __init__(self, hook: str) -> None:
        super().__init__()
        self.hook = hook
        self.owners: dict[str, str] = {}

    def __missing__(self, name: str) -> Any:
        return self.pick(name)

    def pick(self, name: object, where: object = None) -> Any:
        """The component of that name.

        Raises:
            UsageProblem: there is none; with the nearest name, and with `where` it was asked for.
        """
        if isinstance(name, str) and name in self:
            return self[name]
        raise unknown(self.noun, name, self, where=where)

    @property
    def noun(self) -> str:
        """One of them, in words: `reader`, `pass`."""
        return self.hook.removesuffix("es" if self.hook == "passes" else "s")

    def declaring(self, attribute: str) -> list[str]:
        """The sorted names of the components whose `attribute` is true."""
        return sorted(name for name, component in self.items() if getattr(component, attribute))

    def first(self, attribute: str) -> str:
        """The first name of a component whose `attribute` is true.

        Raises:
            WorkbenchError: no plugin brings one.
        """
        if not (names := self.declaring(attribute)):
            raise WorkbenchError(
                f"no plugin brings a {self.noun} with {attribute} = true", remedy="See: workbench plugins"
            )
        return names[0]

    @property
    def default(self) -> str:
        """The name of the component that is used where none is named; raises as `first` does."""
        return self.first("default")
