"""Options of the verb `create`."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.api import UsageProblem, option
from workbench_labelstudio.project_options import ServerOptions


@dataclass(frozen=True)
class CreateOptions(ServerOptions):
    """Which project gets the texts, and what it asks."""

    title: str | None = option(None, "title of the new project")
    into: str | None = option(None, "a project that exists (id, title or address) instead of a new one")
    extend: bool = option(False, "with --into: add the intents that its label config lacks")
    names: str | None = option(
        None, 'what to show in place of an intent: CSV with intent,name, or JSON {"intent": "name"}; none = the intent'
    )
    control: str | None = option(
        None, 'name of the control that asks for the intent; none = "intent", or the only one of --into'
    )
    text: str | None = option(None, 'key of the data that holds the text; none = "text", or the one that --into shows')
    overlap: int | None = option(None, "how many annotators see each text of a new project; none = 1", ge=1)
    labels: bool = option(True, "upload the texts with their labels")
    dry_run: bool = option(False, "say what would be done, and write nothing")

    @property
    def project(self) -> str:
        """What the user calls the project."""
        return (self.title or self.into or "").strip()

    def check(self) -> None:
        """Refuse options that do not go together.

        Raises:
            UsageProblem: see above.
        """
        if bool(self.title) == bool(self.into):
            raise UsageProblem("give either --title, for a new project, or --into PROJECT")
        if self.into and self.overlap:
            raise UsageProblem("--overlap is for a new project", remedy="Set it in the project's settings")
        if self.extend and not self.into:
            raise UsageProblem("--extend needs --into PROJECT")
