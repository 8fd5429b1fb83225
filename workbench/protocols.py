"""The signature of `run` for each kind of component.

The host passes arguments by position, so a function may give them other names.
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
        """Return the rows of `source`; the split of a row is None unless the source holds splits.

        Args:
            source: path or name from the recipe.
            out: folder for further files that belong to the dataset.
            options: instance of the component's options.
            context: host, seed, scratch folder, log.
        """


class RecognizeFunction(Protocol):
    """Recognize a file or folder."""

    def __call__(self, path: Path, user_options: Mapping[str, Any], /) -> Recognition | None:
        """Return the reader's options for a file or folder; None if it has another format.

        Args:
            path: an existing file or folder.
            user_options: options that the user set; the function does not guess these.
        """


class CleanerFunction(Protocol):
    """Clean a dataset."""

    def __call__(self, dataset: Dataset, out: Path, options: Any, context: Context, /) -> Dataset:
        """Return the cleaned dataset; count every removal with `Dataset.without`, and remove rows from train only."""


class AugmenterFunction(Protocol):
    """Make new texts from rows of the train split."""

    def __call__(
        self, rows: Sequence[Utterance], rng: Callable[[str], random.Random], options: Any, context: Context, /
    ) -> Iterable[tuple[str, str]]:
        """Yield pairs of parent id and new text; `rng(parent id)` is the random stream of the parent."""


class TrainerFunction(Protocol):
    """Train a model."""

    def __call__(self, dataset: Dataset, out: Path, options: Any, context: Context, /) -> Model:
        """Write the model folder `out` and return its model."""


class PassFunction(Protocol):
    """Turn one model into another: prune, export, fuse, quantize."""

    def __call__(self, model: Model, out: Path, options: Any, context: Context, /) -> Model:
        """Write the model folder `out` and return its model.

        `context.dataset` holds rows for measurements or training, and `context.baseline` the baseline model. Each is
        None if the command has none.
        """


class MetricFunction(Protocol):
    """Compute numbers of a report."""

    def __call__(self, scored: Scored, options: Any, context: Context, /) -> Mapping[str, Any]:
        """Return figures by name: floats become the report's metrics, other values its details."""


class BudgetFunction(Protocol):
    """Compare one figure of a bundle with its limit."""

    def __call__(self, limit: float, measurement: Measurement, /) -> Figure:
        """Return the figure, its limit and whether the figure is within the limit."""


class ExecutorFunction(Protocol):
    """Carry out independent work."""

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any], workers: int, /) -> list[Any]:
        """Return the result of `function` for each item, in the order of the items."""


class RuntimeFunction(Protocol):
    """Open a model of one format."""

    def __call__(self, model: Model, options: PredictorOptions, /) -> Predictor:
        """Return a predictor for the model in `model.path`."""


class NormalizationFunction(Protocol):
    """Normalize a text."""

    def __call__(self, text: str, /) -> str:
        """Return the normalized text; a normalized text stays unchanged."""


class MountFunction(Protocol):
    """Add routes to a server."""

    def __call__(self, app: Any, service: Service, /) -> None:
        """Add routes to `app`, a FastAPI application; `service` predicts and swaps bundles.

        Raises:
            WorkbenchError: a setting of the mount is invalid; `workbench serve` exits with this error.
        """


class ConsolidationFunction(Protocol):
    """Derive intents from votes."""

    def __call__(self, ballots: Sequence[Ballot], /) -> Consolidated:
        """Return the outcome of each ballot, in their order; the same votes lead to the same outcome."""


class AgreementFunction(Protocol):
    """Measure how far annotators agree."""

    def __call__(self, votes: Votes, host: Host, /) -> Summary:
        """Return the agreement as text and as JSON."""


class SelectorFunction(Protocol):
    """Choose texts to review."""

    def __call__(self, pool: ReviewPool, size: int, /) -> list[Selected]:
        """Return at most `size` rows of the pool, ranked by need of review; the same pool gives the same rows."""


class VotesFunction(Protocol):
    """Read the votes of a source."""

    def __call__(self, source: str, options: Any, context: Context, /) -> Votes:
        """Return the vote of each annotator on each text; the arguments are those of `ReaderFunction`."""


def arguments(kind: type) -> list[str] | None:
    """Return the names of the arguments of `run` in a component class; None if its `run` has no Protocol.

    Args:
        kind: `Component` or a subclass, whose annotation of `run` may name a Protocol of this module.
    """
    annotation = next(str(found["run"]) for base in kind.__mro__ if "run" in (found := inspect.get_annotations(base)))
    protocol = globals().get(annotation.partition(" ")[0])
    return arguments_of(protocol) if protocol else None


def arguments_of(protocol: Any) -> list[str]:
    """Return the names of the arguments of a Protocol's `__call__`."""
    return [name for name in inspect.signature(protocol.__call__).parameters if name != "self"]
