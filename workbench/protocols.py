"""The call of each kind of component: what its `run` takes and gives.

Arguments are passed by position, so a function may name them as it likes.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from workbench.context import Context
    from workbench.engine.summary import Summary
    from workbench.host import Host
    from workbench.nouns.dataset import Dataset
    from workbench.nouns.model import Model
    from workbench.nouns.predictor import Predictor, PredictorOptions
    from workbench.nouns.recognition import Recognition
    from workbench.nouns.report import Figure, Measurement, Scored
    from workbench.nouns.review_pool import ReviewPool, Selected
    from workbench.nouns.utterance import Utterance
    from workbench.nouns.vote import Ballot, Consolidated, Votes
    from workbench.serving.service import Service


class ReaderFunction(Protocol):
    """Read a source."""

    def __call__(self, source: str, out: Path, options: Any, context: Context, /) -> Dataset:
        """Give the rows of `source`; the split of a row is None unless the source holds it.

        Args:
            source: path or name, as the recipe gives it.
            out: folder for files that belong beside the dataset.
            options: instance of the component's options.
            context: host, seed, scratch folder, log.
        """


class RecognizeFunction(Protocol):
    """Recognize a file."""

    def __call__(self, path: Path, given: Mapping[str, Any], /) -> Recognition | None:
        """Give the reader's options for the file or folder `path`; None if it is not of the reader's format.

        Args:
            path: exists.
            given: options of the reader that the user set; they need not be guessed.
        """


class CleanerFunction(Protocol):
    """Clean a dataset."""

    def __call__(self, dataset: Dataset, out: Path, options: Any, context: Context, /) -> Dataset:
        """Give the cleaned dataset; count every removal with `Dataset.without`, and remove rows from train only."""


class AugmenterFunction(Protocol):
    """Make new texts from rows of the train split."""

    def __call__(
        self, rows: Sequence[Utterance], rng: Callable[[str], random.Random], options: Any, context: Context, /
    ) -> Iterable[tuple[str, str]]:
        """Yield pairs of parent id and new text; `rng(parent id)` is the random stream of that parent."""


class TrainerFunction(Protocol):
    """Train a model."""

    def __call__(self, dataset: Dataset, out: Path, options: Any, context: Context, /) -> Model:
        """Write a model folder into `out` and give it."""


class PassFunction(Protocol):
    """Turn one model into another: prune, export, fuse, quantize."""

    def __call__(self, model: Model, out: Path, options: Any, context: Context, /) -> Model:
        """Write a model folder into `out` and give it.

        `context.dataset` and `context.baseline` are the rows at hand and the uncompressed model, where there are any.
        """


class MetricFunction(Protocol):
    """Compute numbers of a report."""

    def __call__(self, scored: Scored, options: Any, context: Context, /) -> Mapping[str, Any]:
        """Give figures by name: floats go to the report's metrics, anything else to its details."""


class BudgetFunction(Protocol):
    """Judge one figure of a bundle."""

    def __call__(self, limit: float, measurement: Measurement, /) -> Figure:
        """Give the figure, its limit and whether the limit is kept."""


class ExecutorFunction(Protocol):
    """Carry out independent work."""

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any], workers: int, /) -> list[Any]:
        """Give the result of `function` for each item, in the order of the items."""


class RuntimeFunction(Protocol):
    """Open a model of one format."""

    def __call__(self, model: Model, options: PredictorOptions, /) -> Predictor:
        """Give a predictor that answers with the model in `model.path`."""


class NormalizationFunction(Protocol):
    """Normalize a text."""

    def __call__(self, text: str, /) -> str:
        """Give the text as a model reads it; a normalized text stays as it is."""


class MountFunction(Protocol):
    """Add routes to a server."""

    def __call__(self, app: Any, service: Service, /) -> None:
        """Add routes to `app`, a FastAPI application; `service` predicts and swaps bundles.

        Raises:
            WorkbenchError: a setting is wrong; `workbench serve` ends with this error.
        """


class ConsolidationFunction(Protocol):
    """Make intents of votes."""

    def __call__(self, ballots: Sequence[Ballot], /) -> Consolidated:
        """Give the outcome of each ballot, in their order; the same votes give the same outcome."""


class AgreementFunction(Protocol):
    """Measure how far annotators agree."""

    def __call__(self, votes: Votes, out: Path | None, host: Host, /) -> Summary:
        """Give the agreement in words and as JSON, and write every dispute into the new CSV file `out`."""


class SelectorFunction(Protocol):
    """Choose texts to review."""

    def __call__(self, pool: ReviewPool, size: int, /) -> list[Selected]:
        """Give at most `size` rows of the pool, the first one to review first; the same pool gives the same rows."""


class VotesFunction(Protocol):
    """Read the votes of a source."""

    def __call__(self, source: str, options: Any, context: Context, /) -> Votes:
        """Give what each annotator said of each text; arguments as of `ReaderFunction`."""


def arguments(kind: type) -> list[str] | None:
    """The names of the arguments that a component class calls its `run` with; None where its `run` has no Protocol.

    Args:
        kind: `Component` or a subclass, whose annotation of `run` may name a Protocol of this module.
    """
    annotation = next(str(found["run"]) for base in kind.__mro__ if "run" in (found := inspect.get_annotations(base)))
    protocol = globals().get(annotation.partition(" ")[0])
    return arguments_of(protocol) if protocol else None


def arguments_of(protocol: Any) -> list[str]:
    """The names of the arguments of a Protocol's call."""
    return [name for name in inspect.signature(protocol.__call__).parameters if name != "self"]
