"""Whether a label config and the labels in use have come apart, and what changed in the config since it was last seen.

A label that is renamed or removed in the config stays, under its old name, in the annotations that give it.
"""

from __future__ import annotations

import difflib
from collections import Counter
from typing import TYPE_CHECKING, Any

from workbench_labelstudio.tasks.intents import LABELLED, clean
from workbench_labelstudio.tasks.label_config_reader import SEPARATOR
from workbench_labelstudio.tasks.task_parser import parse_task
from workbench_labelstudio.tasks.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from workbench.api import Intent

    Labels = Mapping[Intent, str]  # as they stand in annotations -> the title that is shown


def drift(
    config_labels: Labels,
    tasks: Iterable[Mapping[str, Any]],
    control: str,
    earlier_labels: Labels | None = None,
    *,
    closed: bool = True,
) -> list[str]:
    """What the user should know of a control's labels, a sentence each; none when all is well.

    Args:
        config_labels: of the control, as the config has them now (`Control.labels`).
        tasks: as Label Studio exports or lists them.
        control: its name.
        earlier_labels: as the config had them when it was last seen; None if it never was.
        closed: whether annotators can give the config's labels alone (`Control.closed`).
    """
    now = _cleaned(config_labels)
    given, on = _used(tasks, control)
    findings = [] if earlier_labels is None else [*_changes(_cleaned(earlier_labels), now)]
    strangers = sorted((label for label in given if label not in now), key=lambda label: (-given[label], str(label)))
    if strangers and closed:
        counted = [f"{_shown(label)} ({given[label]:,} annotations of {on[label]:,} tasks)" for label in strangers]
        findings.append(f"used in annotations, but not in the label config: {listed(counted)}")
    done = {*given, *_above(now)}  # a name that others stand below need not be given itself
    unused = [label for label in now if label not in done]
    if unused and given:
        findings.append(f"never used, {len(unused)} of {len(now)} labels: {listed([_shown(one) for one in unused])}")
    return [f"{control}: {finding}" for finding in findings]


def strange_controls(tasks: Iterable[Mapping[str, Any]], known: Collection[str]) -> list[str]:
    """A sentence for each control that annotations answer with labels, but that a label config does not have.

    Args:
        tasks: as Label Studio exports or lists them.
        known: the names of the controls that it has.
    """
    answered = Counter(
        name
        for value in tasks
        for annotation in parse_task(value, "task").submitted
        for name, answer in annotation.answers.items()
        if answer.kind in LABELLED and name not in known
    )
    return [
        f"{name}: used in annotations ({count:,}), but the label config has no such control"
        for name, count in answered.most_common()
    ]


def note_labels(labels: Labels) -> list[list[Any]]:
    """Labels as JSON, in their order, to be remembered until the next pull."""
    return [[label, title] for label, title in labels.items()]


def noted_labels(noted: Iterable[Sequence[Any]] | None) -> dict[Intent, str] | None:
    """The labels that `note_labels` wrote; None if nothing was."""
    if noted is None:
        return None
    return {tuple(label) if isinstance(label, (list, tuple)) else label: title for label, title in noted}


def _used(tasks: Iterable[Mapping[str, Any]], control: str) -> tuple[Counter[Intent], Counter[Intent]]:
    """How many annotations give each label, and on how many tasks."""
    given: Counter[Intent] = Counter()
    on: Counter[Intent] = Counter()
    for value in tasks:
        labels = [annotation.values(control) for annotation in parse_task(value, "task").submitted]
        given.update(label for several in labels for label in several)
        on.update({label for several in labels for label in several})
    return given, on


def _changes(before: Labels, now: Labels) -> Iterator[str]:
    removed = [label for label in before if label not in now]
    added = [label for label in now if label not in before]
    if renamed := _renamed(before, now):
        removed = [label for label in removed if label not in dict(renamed)]
        added = [label for label in added if label not in dict(renamed).values()]
        pairs = [f"{_shown(old)} to {_shown(new)}" for old, new in renamed]
        yield f"renamed since the last pull, it seems: {listed(pairs)}"
    if removed:
        yield f"removed since the last pull: {listed([_shown(label) for label in removed])}"
    if added:
        yield f"added since the last pull: {listed([_shown(label) for label in added])}"
    if shown := [label for label in now if label in before and before[label] != now[label]]:
        pairs = [f"{_shown(label)} was {before[label]!r}, is {now[label]!r}" for label in shown]
        yield f"shown otherwise since the last pull: {listed(pairs)}"


def _renamed(before: Labels, now: Labels) -> list[tuple[Intent, Intent]]:
    """Labels that gave way to as many others at the same place, or that have another alias under the same title."""
    gone = {title: label for label, title in before.items() if label not in now}
    found = [(gone[title], label) for label, title in now.items() if label not in before and title in gone]
    known = {label for pair in found for label in pair}
    old, new = list(before), list(now)
    for kind, i, j, k, m in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "replace" and j - i == m - k:
            found += [
                (one, other)
                for one, other in zip(old[i:j], new[k:m], strict=True)
                if not known & {one, other} and one not in now and other not in before
            ]
    return found


def _cleaned(labels: Labels) -> dict[Intent, str]:
    return {label: title.strip() for given, title in labels.items() if (label := clean(given)) is not None}


def _above(labels: Iterable[Intent]) -> set[Intent]:
    """The paths that lead to them."""
    return {label[:end] for label in labels if isinstance(label, tuple) for end in range(1, len(label))}


def _shown(label: Intent) -> str:
    return repr(label if isinstance(label, str) else SEPARATOR.join(label))
