"""What two people do with the tasks of a project, by the number of the task."""

from __future__ import annotations

# by the number modulo 20: what each of the two gives, right | wrong | skip | nothing
HABITS = {0: ("nothing", "nothing"), 1: ("skip", "nothing"), 2: ("right", "wrong"), 3: ("right", "right")}
HABITS |= {4: ("right", "skip"), 5: ("nothing", "right"), 6: ("skip", "skip")}
USUAL = ("right", "nothing")
OUTCOMES = {  # of the habits that lead to no row
    ("nothing", "nothing"): "unlabelled",
    ("skip", "nothing"): "skipped",
    ("skip", "skip"): "skipped",
    ("right", "wrong"): "disagreement",
}


def habit_of(number: int) -> tuple[str, str]:
    """What the two people do with task `number`."""
    return HABITS.get(number % 20, USUAL)
