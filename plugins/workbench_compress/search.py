"""The pass `search`: the uncut model first, then cuts that are screened, recovered and measured; one is chosen."""

from __future__ import annotations

import dataclasses
import logging
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workbench.api import Context, Model, WorkbenchError, as_json
from workbench_compress import SearchOptions
from workbench_compress.candidate import MB, Candidate, Limit, calibrated, limits, measured_by, points_over
from workbench_compress.chains import EXPORT, Chain
from workbench_compress.choosing import announce, choose, refusal
from workbench_compress.cutting import Cutter, Plan, front, plan, spaced
from workbench_compress.judging import Pairs, judge
from workbench_compress.material import Material, gather
from workbench_compress.measurements import write_measurements
from workbench_compress.measuring import FILES, Bench
from workbench_compress.recovering import RECOVER, Recovery
from workbench_compress.structure import KEYS, Encoder, Structure
from workbench_compress.table import NOTE as TABLE
from workbench_compress.table import Table, measure
from workbench_compress.uncut import fastest_chains, measure_uncut, sizes, trimmed, trimmed_name
from workbench_compress.workshop import Workshop

LEEWAY = 1.1  # times a budget, that a prediction may say and be wrong
BYTES = {"fp32": 4, "fp16": 2, "int8": 1}  # of a weight
logger = logging.getLogger(__name__)


@dataclass
class Findings:
    """What a search found.

    Args:
        material: the rows that it went by.
        candidates: all that were measured.
        table: what layers cost, None where nothing was cut.
        leading: name of the chain by whose time cuts were chosen.
        plan: which structures were thought of, None where nothing was cut.
    """

    material: Material
    candidates: list[Candidate] = field(default_factory=list)
    table: Table | None = None
    leading: str = "int8"
    plan: Plan | None = None


def search(model: Model, out: Path, options: SearchOptions, context: Context) -> Model:
    """Write the fastest model that keeps every budget into `out`, and what was measured into the measurements.

    Raises:
        WorkbenchError: the model is none that a trainer made, or there is too little to judge by.
        GateRefused: nothing keeps every budget.
    """
    check(model, context)
    baseline = context.baseline or model
    material = gather(baseline, options, context)
    warn_of_few(len(material.texts), options)
    lab = Workshop(dataclasses.replace(context, dataset=material.learning, baseline=baseline), options.minutes)
    findings = explore(model, baseline, material, options, lab)
    findings.candidates = calibrated(findings.candidates)
    best = choose(findings.candidates, limits(options))
    if context.measurements is not None:
        write_measurements(context.measurements, findings, best, options, lab.seconds)
    if best is None:
        raise refusal(findings.candidates, limits(options))
    announce(best, findings.candidates, limits(options))
    logger.info("%s of %d candidates after %.0f s", best.name, len(findings.candidates), lab.seconds)
    return hand_over(best, material, out, options)


def check(model: Model, context: Context) -> None:
    """Raise unless a trained torch model is there, and a pass that exports it."""
    if model.format == "onnx":
        done = sorted(str(step["step"]) for step in model.history if step.get("step") in ("int8", "fp16-weights"))
        raise WorkbenchError(
            f"is quantized already ({', '.join(done)})" if done else "is an ONNX model already",
            where=model.path,
            remedy="The pass search starts from the model that a trainer made: give that, and put no export before it",
        )
    if model.format != "torch" or not model.intents:
        raise WorkbenchError(
            f"has the format {model.format!r}" if model.format != "torch" else "has no head",
            where=model.path,
            remedy="The pass search starts from a model that was trained here: workbench train",
        )
    if model.task != "intent":
        raise WorkbenchError(
            f"is for the task {model.task!r}, and the pass search judges models that give one intent a text",
            where=model.path,
            remedy="Name the passes yourself: --use onnx,int8",
        )
    _ = context.host.registry("passes")[EXPORT]


def warn_of_few(rows: int, options: SearchOptions) -> None:
    """Say so where the rows are too few to show that nothing but what was given keeps the accuracy budget."""
    least = judge(Pairs(rows, 0, 0), options.confidence).bound
    if least > options.max_drop:
        logger.warning(
            "%d rows are few: even equal answers to all of them may hide a loss of %.2f points, and the budget is %g. "
            "Label more of dev, or be less sure: --confidence 0.5",
            rows,
            least,
            options.max_drop,
        )


def explore(model: Model, baseline: Model, material: Material, options: SearchOptions, lab: Workshop) -> Findings:
    """Measure the uncut model, then cuts of it while there is time."""
    context = lab.context
    bench = Bench(context.host, material, baseline, options.confidence, context.seed)
    encoder = Encoder.of(model)
    found = measure_uncut(model, encoder, options, lab, bench)
    findings, chains = Findings(material, found), fastest_chains(found, limits(options))
    small, name = trimmed(model, encoder, options, found, lab, material.extra), trimmed_name(encoder, options)
    if small is not None:
        tried = [c.chain for c in found] if sizes(options) else [*chains.values()]  # the fastest is not the smallest
        full, lean = encoder.full if encoder else None, small
        made = measured_by(tried, f"uncut-{name}", lambda: lean, lab, bench, structure=full, trimmed=True)
        found += made
        small = lean if made else None
    if encoder is None:
        logger.warning(
            "%s: its encoder is of a kind that cannot be cut here (known: %s), so only the whole one was tried",
            model.path,
            ", ".join(sorted(KEYS)),
        )
        return findings
    if small is not None:
        encoder = Encoder.of(small) or encoder
    cutter = Cutter(lab, small or model, encoder, "" if small is None else f"{name}-")
    wanted = options.screened and options.recovered and lab.offers(RECOVER) and len(cutter.grid()) > 1
    if wanted and (
        lab.left > 0 or lab.knows(f"{cutter.prefix}{TABLE}")
    ):  # a search that was killed late keeps what it had trained
        cut(findings, cutter, bench, chains, options)
    return findings


def cut(findings: Findings, cutter: Cutter, bench: Bench, chains: dict[str, Chain], options: SearchOptions) -> None:
    """Screen cuts, recover the promising ones, and add what they became to the findings."""
    lab, material = cutter.lab, findings.material
    served = {
        c.chain.name: c.chain for c in findings.candidates if c.chain.precision != "fp16"
    }  # that only saves bytes
    table = measure(cutter.base, cutter.encoder, served, material.texts, lab, cutter.prefix)
    worth = worth_serving(findings.candidates, limits(options))
    ordered = ways_to_serve(table, cutter.grid(), served, worth, chains)
    leading = ordered[0].name

    def time(structure: Structure, chain: str = leading) -> float:
        return table.predict(structure, chain)[0]

    base = [c for c in findings.candidates if c.trimmed == bool(cutter.prefix)]
    findings.table, findings.leading = table, leading
    findings.plan = plan(
        cutter,
        bench,
        time,
        lambda structure: fits(structure, cutter.encoder, base, table, options),
        options.screened,
    )
    recovery = Recovery(
        lab,
        cutter,
        bench,
        ordered,
        time,
        limits(options),
        findings.candidates,
        material.lessons,
        material.taught,
    )
    recover(recovery, findings.plan, time, options)
    best = choose(calibrated([*findings.candidates, *recovery.found]), recovery.limits)
    if best is not None and best.structure is not None and best.epochs:
        recovery.polish(best.structure)
    findings.candidates += recovery.found
    findings.candidates = [predicted(c, table) for c in findings.candidates]


def recover(recovery: Recovery, found: Plan, time: Callable[[Structure], float], options: SearchOptions) -> None:
    """See which cuts need no training; train a batch of faster ones, then the next, while there is time for one."""
    recovery.untrained(found.screened)
    before = -1
    while recovery.tried > before:
        before, divergence = recovery.tried, found.divergences.__getitem__
        batch = spaced(front(recovery.faster(found.screened), time, divergence), time, options.recovered)
        found.promising.extend(batch)
        recovery.run(sorted(batch, key=divergence), options.epochs)


def worth_serving(uncut: Sequence[Candidate], budgets: Sequence[Limit]) -> set[str]:
    """Names of the chains that may serve cuts: those that by the estimates keep the answers of the uncut model."""

    def spoils(c: Candidate) -> bool:
        estimate = {**c.figures["drop"], "bound": c.figures["drop"]["points"]}
        return points_over({**c.figures, "drop": estimate}, budgets) > 0

    return {c.chain.name for c in uncut if c.chain.precision == "fp32" or not spoils(c)}


def ways_to_serve(
    table: Table,
    structures: Sequence[Structure],
    served: Mapping[str, Chain],
    worth: set[str],
    chains: Mapping[str, Chain],
) -> list[Chain]:
    """The fastest chain worth it; and for cuts that it alone spoils the next int8, then each other precision's.

    Args:
        table: knows what each of `served` takes.
        structures: over which chains are compared.
        served: name -> chain.
        worth: names of those that keep the answers of the uncut model.
        chains: precision -> its fastest chain.
    """
    leading = served[fastest(table, structures, worth)]
    others = {name for name, chain in served.items() if chain.precision == "int8"} & worth - {leading.name}
    following = [served[fastest(table, structures, others)]] if others else []
    following += [chain for chain in chains.values() if chain.precision != leading.precision]
    return list(dict.fromkeys([leading, *following]))


def fastest(table: Table, structures: Sequence[Structure], worth: set[str]) -> str:
    """Of the chains worth it the one that takes the least time over all structures; it depends on what is to compute.

    That is an int8 one, unless the CPU has nothing for it.
    """

    def total(name: str) -> float:
        return sum(table.predict(structure, name)[0] for structure in structures)

    return min((name for name in table.times if name in worth), key=total)


def predicted(candidate: Candidate, table: Table) -> Candidate:
    """The candidate with what the table says of its time, so far as it says something of its chain."""
    chain = candidate.chain.name
    if candidate.structure is None or chain not in table.times:
        return candidate
    return dataclasses.replace(candidate, predicted_ms=table.predict(candidate.structure, chain)[0])


def fits(
    structure: Structure, encoder: Encoder, uncut: Sequence[Candidate], table: Table, options: SearchOptions
) -> bool:
    """Whether a structure may keep the budgets of time and size, with leeway for the prediction."""
    if options.max_latency_ms is not None and all(
        table.predict(structure, chain)[1] > LEEWAY * options.max_latency_ms for chain in table.times
    ):
        return False
    if options.max_size_mb is None:
        return True
    return min(predicted_bytes(c, structure, encoder) for c in uncut) <= LEEWAY * options.max_size_mb * MB


def predicted_bytes(uncut: Candidate, structure: Structure, encoder: Encoder) -> float:
    """What a structure will weigh: words as in the uncut model, and of all else as much as it has of the weights."""
    weights = uncut.model.path / "model.onnx"
    tokenizer = uncut.figures["bytes"] - weights.stat().st_size
    words = tokenizer + encoder.embeddings * BYTES[uncut.chain.precision]
    share = encoder.weights(structure) / encoder.weights(encoder.full)
    return float(words + max(0.0, uncut.figures["bytes"] - words) * share)


def hand_over(best: Candidate, material: Material, out: Path, options: SearchOptions) -> Model:
    """Write the chosen model; its history tells what it lost and nothing of time, which differs from run to run."""
    out.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(best.model.path / name, out / name)
    step = {
        "step": "search",
        "options": as_json(options, key_only=True),
        "chosen": best.name,
        "judged_by": material.by,
        "rows": len(material.texts),
        **{name: best.figures[name] for name in ("accuracy", "agreement", "drop")},
    }
    return dataclasses.replace(best.model, path=out, history=(*best.model.history, step)).save()
