"""A registry: the components of one named hook, by name."""

from __future__ import annotations

from typing import Any

from workbench.errors import WorkbenchError, unknown


class Registry(dict[str, Any]):
    """Components by name; an unknown name raises an error that suggests the nearest name."""

    def __init__(self, hook: str) -> None:
        super().__init__()
        self.hook = hook
        self.owners: dict[str, str] = {}

    def __missing__(self, name: str) -> Any:
        return self.pick(name)

    def pick(self, name: object, where: object = None) -> Any:
        """Return the component of a name.

        Args:
            name: name of the component.
            where: option or recipe key that holds the name, for the error.

        Raises:
            UsageProblem: no component has this name.
        """
        if isinstance(name, str) and name in self:
            return self[name]
        raise unknown(self.noun, name, self, where=where)

    @property
    def noun(self) -> str:
        """The kind of the components in the singular: `reader`, `pass`."""
        return self.hook.removesuffix("es" if self.hook == "passes" else "s")

    def declaring(self, attribute: str) -> list[str]:
        """Return the sorted names of the components whose `attribute` is true."""
        return sorted(name for name, component in self.items() if getattr(component, attribute))

    def first(self, attribute: str) -> str:
        """Return the first name, in alphabetical order, of a component whose `attribute` is true.

        Raises:
            WorkbenchError: no plugin registers such a component.
        """
        if not (names := self.declaring(attribute)):
            raise WorkbenchError(
                f"no plugin registers a {self.noun} with {attribute} = true",
                where=self.hook,
                remedy="Install a plugin with such a component; list the installed plugins: workbench plugins",
            )
        return names[0]

    @property
    def default(self) -> str:
        """The name of the component with `default = true`; raises the error of `first` if there is none."""
        return self.first("default")
