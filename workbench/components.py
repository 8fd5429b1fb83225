"""The kinds of components, with the signature and the declarations of each."""

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
    """A reader, `(source: str, out, options, context) -> Dataset`; splits stay None unless the source holds them.

    Args:
        remote: whether every run reads the source again. The digest of the rows read is then part of the key.
        named: whether the source is the name of a dataset in the reader's package instead of a path.
        votes: `(source, options, context) -> Votes`, or its import path; None = the source has no votes.
        recognize: `(path, user_options) -> Recognition | None`, or its import path; None = `workbench init` does not
            choose the reader. A file of another format gives None. `user_options` are the options that the user set.
    """

    run: ReaderFunction | str

    remote: bool = False
    named: bool = False
    votes: VotesFunction | str | None = None
    recognize: RecognizeFunction | str | None = None

    def recognition(self, path: Path, user_options: Mapping[str, Any]) -> Recognition | None:
        """Call `recognize`; None if the reader has no such function."""
        found: Recognition | None = self.function(self.recognize)(path, user_options) if self.recognize else None
        return found

    def read_votes(self, *args: Any) -> Any:
        """Call `votes`; a missing library raises `MissingExtra` with the command that installs the library."""
        assert self.votes is not None
        return self.function(self.votes)(*args)


@dataclass(frozen=True, kw_only=True)
class Cleaner(Component):
    """A cleaner, `(dataset, out, options, context) -> Dataset`; `Dataset.without` counts every removal."""

    run: CleanerFunction | str


@dataclass(frozen=True, kw_only=True)
class Augmenter(Component):
    """An augmenter, `(utterances, rng, options, context) -> iterator of (parent id, text)`.

    `rng(parent id)` is a `random.Random`.

    Args:
        for_distillation: whether a new text may have another intent than its parent, or none. A search lets the
            baseline model label these texts.
    """

    run: AugmenterFunction | str

    for_distillation: bool = False


@dataclass(frozen=True, kw_only=True)
class Trainer(Component):
    """A trainer, `(dataset, out, options, context) -> Model`.

    Args:
        simple_baseline: whether reports compare other trainers with this one by default.
        distils: whether the trainer has the options `student` (a model folder) and `teachers`. The student learns the
            predictions of the teachers. Recovery training of pruned models uses the first such trainer.
        produces: format of the models, for a trainer whose models can be bundled without an export pass.
    """

    run: TrainerFunction | str

    simple_baseline: bool = False
    distils: bool = False
    produces: str = ""


@dataclass(frozen=True, kw_only=True)
class Pass(Component):
    """A pass, `(model, out, options, context) -> Model`, such as prune, export or quantize.

    Without `--use`, `workbench export` runs a pass of the role `export`, and `workbench compress` one of the role
    `search`. A search finds the other passes by their roles and combines passes whose formats fit:

    - `trim` removes tokens from the vocabulary. The search sets the options `common` (number of most common tokens to
      keep) and `background` (a file of texts), where the pass has them.
    - `prune` removes a part of the network, by the values of the search space.
    - `recover` trains a pruned model with `context.baseline` as teacher. The search sets the options `epochs`, `extra`
      (a file of unlabelled texts), `patience` (none) and `bf16`, where the pass has them.
    - `export`, then `fuse`, then `quantize` make a model that a predictor opens. The search tries each `quantize` pass
      after each export, with and without fusing. Further values of the search space are tried only after fusing.

    Args:
        consumes: format of the input models.
        produces: format of the output models.
        role: the purpose of the pass; None for a pass that a search does not use.
        space: option -> values that are worth searching.
        bits: bits per weight after a pass of the role `quantize`. A search uses 16 bits only for a budget of size,
            because a CPU computes in float32 with these weights.
    """

    run: PassFunction | str

    consumes: str = ""
    produces: str = ""
    role: Role | None = None
    space: Mapping[str, Axis] = field(default_factory=dict)
    bits: int = 8


@dataclass(frozen=True, kw_only=True)
class Metric(Component):
    """A metric, `(scored: Scored, options, context) -> dict`.

    Numbers become metrics of the report, other values become its details.
    """

    run: MetricFunction | str

    tasks: tuple[str, ...] = ("intent",)


@dataclass(frozen=True, kw_only=True)
class Budget(Component):
    """A budget, `(limit: float, measurement: Measurement) -> Figure`; the recipe's `[gate]` sets the limit."""

    run: BudgetFunction | str


@dataclass(frozen=True, kw_only=True)
class Executor(Component):
    """An executor, `(function, items, workers) -> list of results`, in the order of the items.

    `function` is defined at the top level of a module, an item is JSON, and each call writes into a separate folder.
    """

    run: ExecutorFunction | str


@dataclass(frozen=True, kw_only=True)
class Mount(Component):
    """A mount, `(app, service) -> None`: adds routes to a server that runs with `workbench serve --with NAME`."""

    run: MountFunction | str


@dataclass(frozen=True, kw_only=True)
class Runtime(Component):
    """A runtime, `(model, options: PredictorOptions) -> Predictor`: opens models of one format.

    The name of the runtime is the format. A function field may hold an import path, resolved at the first call.

    Args:
        files: names of the model's files that a bundle holds, without folders; () for a format that cannot be bundled.
        facts: `(model) -> {name: number}`, such as the number of nodes of a graph, for the model card.
        titles: name of a fact -> its title in reports, in English and in Chinese; by default the name.
        cpu_warning: `(bundle) -> str | None`, why predictions on this CPU may differ from the measured ones.
        cpu_advice: `() -> str | None`, what `workbench doctor` prints about this CPU and this format.
    """

    run: RuntimeFunction | str

    files: tuple[str, ...] = ()
    facts: Callable[[Any], Mapping[str, float]] | str | None = None
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cpu_warning: Callable[[Any], str | None] | str | None = None
    cpu_advice: Callable[[], str | None] | str | None = None

    @property
    def nested_files(self) -> tuple[str, ...]:
        """Entries of `files` that are not plain file names, which a bundle cannot hold."""
        return tuple(name for name in self.files if name in ("", ".", "..") or "/" in name or "\\" in name)

    def facts_of(self, model: Any) -> dict[str, float]:
        """Return the facts of a model; {} if the runtime declares none."""
        return dict(self.function(self.facts)(model)) if self.facts else {}

    def warning_for(self, bundle: Any) -> str | None:
        """Return why predictions on this CPU may differ from the measured ones; None if no reason is known."""
        warning: str | None = self.function(self.cpu_warning)(bundle) if self.cpu_warning else None
        return warning

    def advice(self) -> str | None:
        """Return the advice for this CPU; None if there is none."""
        advice: str | None = self.function(self.cpu_advice)() if self.cpu_advice else None
        return advice


@dataclass(frozen=True, kw_only=True)
class Normalization(Component):
    """A text normalization, `(text: str) -> str`, in pure Python, applied in training and in serving.

    The name carries a version, as in `repair-1`. The rules behind a name never change; better rules get a new name.
    A normalization must be idempotent: a second application changes nothing. The sequence of a dataset's normalizations
    must be idempotent too; the host checks every row.
    """

    run: NormalizationFunction | str


@dataclass(frozen=True, kw_only=True)
class Consolidation(Component):
    """A consolidation, `(ballots: Sequence[Ballot]) -> Consolidated`: derives the intents of a text from its votes.

    Args:
        weighs: whether the consolidation uses `Vote.weight`.
        default: whether the host uses this component when none is named.
    """

    run: ConsolidationFunction | str

    weighs: bool = False
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Agreement(Component):
    """An agreement, `(votes: Votes, host: Host) -> Summary`: measures how far annotators agree.

    Args:
        default: whether the host uses this component when none is named.
    """

    run: AgreementFunction | str

    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Selector(Component):
    """A selector, `(pool: ReviewPool, size: int) -> list[Selected]`: ranks the rows that a person should review.

    Args:
        labels: whether the selector chooses labelled rows with a doubtful label instead of unlabelled rows.
        compares: whether a selector of unlabelled rows needs the labelled rows too.
        default: whether the host uses this component when none is named.
    """

    run: SelectorFunction | str

    labels: bool = False
    compares: bool = False
    default: bool = False


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A base model with a short name.

    Args:
        hub: name on the Hugging Face hub.
        licence: SPDX identifier.
        languages: ISO 639-1 codes of the training languages; "multi" for many.
        prefix: text that the model expects before every input.
        pooling: `mean` over the last hidden states, or `cls`.
        package: `import_name/folder` of an installed package that contains the model's files.
        sha256: digest of the weights in that package.
        parameters: number of parameters, in millions.
    """

    hub: str
    licence: str
    languages: tuple[str, ...]
    prefix: str = ""
    pooling: str = "mean"
    package: str | None = None
    sha256: str | None = None
    parameters: float = 0.0
