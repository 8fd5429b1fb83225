"""What the minutes of a search leave out: the action that would come next if there were time."""

from __future__ import annotations

import math
from dataclasses import replace

from workbench_compress.policy.actions import Action, MeasureLatency, Prune, Settle, Stop, Train
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import State


def lack_of_time(action: Action, state: State) -> str | None:
    """Say what time is missing for where a search ends its batches or stops; None where it is not for lack of time."""
    if not isinstance(action, Settle | Stop):
        return None
    space = state.setup.space
    match next_action(replace(state, left=math.inf)):
        case Train(version):
            return f"no time is left to train {version.name(space)} for {version.rounds[-1]} epochs"
        case Prune(architecture):
            return f"no time is left to prune to {space.name(architecture)}"
        case MeasureLatency():
            return "no time is left to measure what pruning saves, so only the unpruned model is tried"
    return None
