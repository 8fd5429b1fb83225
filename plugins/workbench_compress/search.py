"""The pass `search`: a loop in which the policy names the next action and the executor carries it out."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path

from workbench.api import Context, Model, WorkbenchError, as_json
from workbench_compress.candidates.accuracy_loss import Pairs, accuracy_loss
from workbench_compress.candidates.candidate import Candidate, calibrated
from workbench_compress.candidates.choice import announce, choose, refusal
from workbench_compress.candidates.limits import limits_of
from workbench_compress.lab.bench import Bench, served_files
from workbench_compress.lab.data import SearchData, gather
from workbench_compress.lab.executor import SearchExecutor
from workbench_compress.lab.models import Models
from workbench_compress.lab.token_table import token_table
from workbench_compress.lab.workshop import Workshop
from workbench_compress.options import SearchOptions
from workbench_compress.policy.actions import Stop
from workbench_compress.policy.lack_of_time import lack_of_time
from workbench_compress.policy.rules import next_action
from workbench_compress.policy.state import Setup, State
from workbench_compress.report.measurements import write_measurements
from workbench_compress.space.architecture import discover_space
from workbench_compress.space.chain import discover_chains

logger = logging.getLogger(__name__)


def search(model: Model, out: Path, options: SearchOptions, context: Context) -> Model:
    """Write the fastest model that keeps every budget into `out`, and what was measured into the measurements.

    Raises:
        WorkbenchError: the model is none that a trainer made, or there is too little to judge by.
        GateRefused: nothing keeps every budget.
    """
    check(model, context)
    baseline = context.baseline or model
    data = gather(baseline, options, context, plain_passes(context, model))
    warn_of_few(len(data.texts), options)
    lab = Workshop(dataclasses.replace(context, dataset=data.learning, baseline=baseline), options.minutes)
    setup = set_up(model, options, data, context)
    executor = SearchExecutor(
        Models(lab, model, setup.space, data, first(context, "trim", model), first(context, "recover", model)),
        Bench(context.host, data, baseline, options.confidence, context.seed),
    )
    state = explore(State(setup, left=lab.left), executor)
    state = dataclasses.replace(state, candidates=tuple(calibrated(state.candidates)))
    best = choose(state.candidates, setup.limits)
    if context.measurements is not None:
        write_measurements(context.measurements, state, best, data, lab.seconds)
    if best is None:
        raise refusal(state.candidates, setup.limits)
    announce(best, state.candidates, setup.limits)
    logger.info("%s of %d candidates after %.0f s", best.name, len(state.candidates), lab.seconds)
    return hand_over(best, data, out, options, context)


def explore(state: State, executor: SearchExecutor) -> State:
    """Carry out what the policy decides until it stops, and log where it ends for lack of time."""
    while True:
        action = next_action(state)
        if reason := lack_of_time(action, state):
            logger.info(reason)
        if isinstance(action, Stop):
            return state
        state = executor.carry_out(action, state)


def check(model: Model, context: Context) -> None:
    """Raise unless a trained model is there, and a pass that exports it."""
    passes = context.host.registry("passes")
    exports = {each.consumes: name for name, each in passes.items() if each.role == "export"}
    if not exports:
        raise WorkbenchError(
            "no plugin has a pass that exports a model",
            where=model.path,
            remedy="Install one, such as the built-in plugin workbench_onnx",
        )
    if model.format not in exports:
        roles = {name: each.role for name, each in passes.items()}
        done = sorted(str(step["step"]) for step in model.history if roles.get(str(step.get("step"))) == "quantize")
        raise WorkbenchError(
            f"is quantized already ({', '.join(done)})" if done else f"has the format {model.format!r}",
            where=model.path,
            remedy="The pass search starts from a model that a trainer made: give that, and put no export before it",
        )
    if not model.intents:
        raise WorkbenchError(
            "has no head",
            where=model.path,
            remedy="The pass search starts from a model that was trained here: workbench train",
        )
    if model.task != "intent":
        raise WorkbenchError(
            f"is for the task {model.task!r}, and the pass search judges models that give one intent per text",
            where=model.path,
            remedy=f"Name the passes yourself: {plain_passes(context, model)}",
        )


def first(context: Context, role: str, model: Model) -> str | None:
    """The first pass of a role that takes models of this format."""
    passes = context.host.registry("passes").items()
    return next((name for name, each in passes if (each.role, each.consumes) == (role, model.format)), None)


def plain_passes(context: Context, model: Model) -> str:
    """How to compress without a search: the first export, and the first pass that quantizes what it makes."""
    passes = context.host.registry("passes")
    export = first(context, "export", model)
    made = passes[export].produces if export else None
    quantizers = [name for name, each in passes.items() if (each.role, each.consumes) == ("quantize", made)]
    return f"--use {','.join([export or 'PASS', *quantizers[:1]])}"


def warn_of_few(rows: int, options: SearchOptions) -> None:
    """Warn where the rows are too few to show that anything but the baseline model keeps the accuracy budget."""
    least = accuracy_loss(Pairs(rows, 0, 0), options.confidence).bound
    if least > options.max_drop:
        logger.warning(
            "%d rows are few: even equal predictions for all of them may hide a loss of %.2f points, and the budget is "
            "%g. Label more of dev, or lower the confidence: --confidence 0.5",
            rows,
            least,
            options.max_drop,
        )


def set_up(model: Model, options: SearchOptions, data: SearchData, context: Context) -> Setup:
    """Discover what the passes at hand can do with the model."""
    passes, space = context.host.registry("passes"), discover_space(context.host.registry("passes"), model)
    if space.size == 1:
        logger.warning("%s: no pass can prune its encoder, so only the unpruned model is tried", model.path)
    wanted = {} if options.reduce_range == "auto" else {"reduce_range": options.reduce_range}
    sized = options.max_size_mb is not None or options.max_memory_mb is not None
    return Setup(
        options=options,
        limits=limits_of(options),
        chains=tuple(discover_chains(passes, model, wanted, sized=sized)),
        space=space,
        recovers=first(context, "recover", model) is not None,
        trims=first(context, "trim", model) is not None,
        tokens=token_table(model),
        training_rows=data.training_rows,
    )


def hand_over(best: Candidate, data: SearchData, out: Path, options: SearchOptions, context: Context) -> Model:
    """Write the chosen model. Its history tells what it lost and nothing of time, which differs from run to run."""
    out.mkdir(parents=True, exist_ok=True)
    for path in served_files(best.model, context.host):
        shutil.copyfile(path, out / path.name)
    figures = best.figures
    step = {
        "step": "search",
        "options": as_json(options, key_only=True),
        "chosen": best.name,
        "labelled_by": data.labelled_by,
        "rows": len(data.texts),
        "accuracy": figures.accuracy,
        "disagreement": figures.disagreement,
        "accuracy_loss": dataclasses.asdict(figures.accuracy_loss),
    }
    return best.model.derive(out, step)
