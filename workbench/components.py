"""The kinds of components: what each is called with, and what it declares of itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from workbench.component import Component
from workbench.nouns.recognition import Recognition
from workbench.protocols import (
    AgreementFunction,
    AugmenterFunction,
    BudgetFunction,
    CleanerFunction,
    ConsolidationFunction,
    ExecutorFunction,
    MetricFunction,
    MountFunction,
    NormalizationFunction,
    PassFunction,
    ReaderFunction,
    RecognizeFunction,
    RuntimeFunction,
    SelectorFunction,
    TrainerFunction,
    VotesFunction,
)
from workbench.search_space import Axis

Role = Literal["prune", "recover", "export", "fuse", "quantize", "trim", "search"]


@dataclass(frozen=True, kw_only=True)
class Reader(Component):
    """`(source: str, out, options, context) -> Dataset`; splits are left None unless the source holds them.

    `remote` sources are asked again in every run, and keyed by what was read. A `named` source is no path: the reader
    brings the data itself. One with `votes` gives what each annotator said, too.

    Args:
        votes: `(source, options, context) -> Votes`, or its address.
        recognize: `(path, given) -> Recognition | None`, or its address: whether a file has this reader's format, for
            `workbench init`; `given` are the options that the user set.
    """

    run: ReaderFunction | str

    remote: bool = False
    named: bool = False
    votes: VotesFunction | str | None = None
    recognize: RecognizeFunction | str | None = None

    def recognition(self, path: Path, given: Mapping[str, Any]) -> Recognition | None:
        """Call `recognize`; None where the reader has none."""
        found: Recognition | None = self.function(self.recognize)(path, given) if self.recognize else None
        return found

    def read_votes(self, *args: Any) -> Any:
        """Call `votes`; a library that is missing is reported with the extra that brings it."""
        assert self.votes is not None
        return self.function(self.votes)(*args)


@dataclass(frozen=True, kw_only=True)
class Cleaner(Component):
    """`(dataset, out, options, context) -> Dataset`; every removal is counted (`Dataset.without`)."""

    run: CleanerFunction | str


@dataclass(frozen=True, kw_only=True)
class Augmenter(Component):
    """`(utterances, rng, options, context) -> iterator of (parent id, text)`; `rng(parent id)` is a `random.Random`.

    One `for_distillation` makes texts whose label may be another one or none; a search lets the baseline model label
    them.
    """

    run: AugmenterFunction | str

    for_distillation: bool = False


@dataclass(frozen=True, kw_only=True)
class Trainer(Component):
    """`(dataset, out, options, context) -> Model`; a `simple_baseline` is what others are compared with by default.

    `produces` is the format of its models, for a trainer whose models can be bundled without a pass that exports.

    One that `distils` has the options `student` (a model folder) and `teachers`; the student learns their answers. A
    pass that recovers a pruned model uses the first such trainer.
    """

    run: TrainerFunction | str

    simple_baseline: bool = False
    distils: bool = False
    produces: str = ""


@dataclass(frozen=True, kw_only=True)
class Pass(Component):
    """`(model, out, options, context) -> Model`: prune, export, quantize and the like have this one shape.

    `workbench export` uses a pass of the role `export`, and `workbench compress` one of the role `search` when none is
    named. A search finds the other passes by what they declare here, and combines those whose formats fit:

    - `trim` leaves out tokens. The search sets its options `common` (how many of the tokenizer's most common tokens
      stay) and `background` (a file of texts), as far as it has them.
    - `prune` leaves out a part of the network, by the values of its search space.
    - `recover` trains a pruned model with `context.baseline` as teacher. The search sets its options `epochs`, `extra`
      (a file of unlabelled texts), `patience` (none) and `bf16`, as far as it has them.
    - `export`, then `fuse`, then `quantize` make a model that a predictor opens. Each `quantize` pass is tried after
      each export with and without fusing; other values of its search space than the first are tried after fusing.

    Args:
        consumes: format of the models that it takes.
        produces: format of the models that it makes.
        role: what it is for; None for a pass that a search does not use.
        space: option -> values that are worth searching.
        bits: of a weight after a pass of the role `quantize`. A search uses 16 bits within a budget of size alone, for
            a CPU computes with them in float32.
    """

    run: PassFunction | str

    consumes: str = ""
    produces: str = ""
    role: Role | None = None
    space: Mapping[str, Axis] = field(default_factory=dict)
    bits: int = 8


@dataclass(frozen=True, kw_only=True)
class Metric(Component):
    """`(scored: Scored, options, context) -> dict`: numbers go to a report's metrics, the rest to its details."""

    run: MetricFunction | str

    tasks: tuple[str, ...] = ("intent",)


@dataclass(frozen=True, kw_only=True)
class Budget(Component):
    """`(limit: float, measurement: Measurement) -> Figure`; the recipe's `[gate]` names it and gives the limit."""

    run: BudgetFunction | str


@dataclass(frozen=True, kw_only=True)
class Executor(Component):
    """`(function, items, workers) -> list of results`, in the order of the items.

    `function` stands at the top level of a module, an item is JSON, and each call writes a folder of its own.
    """

    run: ExecutorFunction | str


@dataclass(frozen=True, kw_only=True)
class Mount(Component):
    """`(app, service) -> None`: add routes to the server, if `workbench serve --with NAME` asks for them."""

    run: MountFunction | str


@dataclass(frozen=True, kw_only=True)
class Runtime(Component):
    """`(model, options: PredictorOptions) -> Predictor`: opens models of the format that it is registered under.

    Each field that is a function may be its address, imported when it is first called.

    Args:
        files: names of the model's files that a bundle holds, without folders; () for a format that cannot be bundled.
        facts: `(model) -> {name: number}`, such as how many nodes a graph has; figures of the model card.
        titles: name of a fact -> its words in reports, in English and in Chinese; the name where it has none.
        cpu_warning: `(bundle) -> str | None`, why this CPU may answer otherwise than was measured.
        cpu_advice: `() -> str | None`, what `workbench doctor` says of this CPU and models of this format.
    """

    run: RuntimeFunction | str

    files: tuple[str, ...] = ()
    facts: Callable[[Any], Mapping[str, float]] | str | None = None
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cpu_warning: Callable[[Any], str | None] | str | None = None
    cpu_advice: Callable[[], str | None] | str | None = None

    @property
    def nested_files(self) -> tuple[str, ...]:
        """Those of `files` that are no plain names, which a bundle cannot hold."""
        return tuple(name for name in self.files if name in ("", ".", "..") or "/" in name or "\\" in name)

    def facts_of(self, model: Any) -> dict[str, float]:
        """Facts of a model; {} where the runtime tells none."""
        return dict(self.function(self.facts)(model)) if self.facts else {}

    def warning_for(self, bundle: Any) -> str | None:
        """Why this CPU may answer otherwise than was measured; None where nothing is known against it."""
        warning: str | None = self.function(self.cpu_warning)(bundle) if self.cpu_warning else None
        return warning

    def advice(self) -> str | None:
        """What to mind on this CPU; None for nothing."""
        advice: str | None = self.function(self.cpu_advice)() if self.cpu_advice else None
        return advice


@dataclass(frozen=True, kw_only=True)
class Normalization(Component):
    """`(text: str) -> str`, pure Python, applied to every text in training and in serving.

    The name carries a version, as in `repair-1`: what a name does never changes, a better rule gets a new name. It must
    be idempotent: applied to its own result, it changes nothing. Cleaners that follow one another must be so together,
    which is checked on every row.
    """

    run: NormalizationFunction | str


@dataclass(frozen=True, kw_only=True)
class Consolidation(Component):
    """`(ballots: Sequence[Ballot]) -> Consolidated`: the intents of each text, from the votes of its annotators.

    Args:
        weighs: whether it uses `Vote.weight`.
        default: whether it is used where none is named.
    """

    run: ConsolidationFunction | str

    weighs: bool = False
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Agreement(Component):
    """`(votes: Votes, out: Path | None, host: Host) -> Summary`: how far annotators agree.

    Every dispute is written into the new CSV file `out`.
    """

    run: AgreementFunction | str

    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Selector(Component):
    """`(pool: ReviewPool, size: int) -> list[Selected]`: the rows that a person should look at, the first one first.

    Args:
        labels: whether it chooses labelled rows whose label is doubtful, rather than unlabelled rows.
        compares: whether a selector of unlabelled rows needs the labelled rows too.
        default: whether it is used where none is named.
    """

    run: SelectorFunction | str

    labels: bool = False
    compares: bool = False
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A base model that has a short name.

    Args:
        hub: its name on the Hugging Face hub.
        licence: SPDX identifier.
        languages: ISO 639-1 codes that it knows; "multi" for many.
        prefix: what its authors put before every text.
        pooling: `mean` over the last hidden states, or `cls`.
        package: `import_name/folder` of an installed package that carries its files.
        sha256: digest of the weights in that package.
        parameters: in millions.
    """

    hub: str
    licence: str
    languages: tuple[str, ...]
    prefix: str = ""
    pooling: str = "mean"
    package: str | None = None
    sha256: str | None = None
    parameters: float = 0.0
