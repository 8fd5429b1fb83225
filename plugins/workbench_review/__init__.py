"""Review of labels from any source: what to label next, which labels to doubt, how far annotators agree, and
the intents that their votes amount to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workbench.api import Agreement, Consolidation, Reader, Selector, hookimpl, option

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from workbench.api import Host

EXTRA = "review"


@dataclass(frozen=True)
class VotesOptions:
    """How votes become intents."""

    policy: str | None = option(
        None, "how several votes become one intent; none = the default policy", registry="consolidations"
    )
    language: str | None = option(None, "ISO 639-1 code of the texts")


@hookimpl
def consolidations() -> Mapping[str, Consolidation]:
    """Policies that need no library, and one of crowd-kit."""
    return {
        "ground-truth": Consolidation(
            run="workbench_review.consolidation:ground_truth",
            summary="votes that are marked as ground truth, else the majority",
            default=True,
        ),
        "majority": Consolidation(
            run="workbench_review.consolidation:majority", summary="the most votes, none on a tie"
        ),
        "latest": Consolidation(run="workbench_review.consolidation:latest", summary="the vote that was changed last"),
        "weighted": Consolidation(
            run="workbench_review.consolidation:weighted",
            summary="the most weight, of a table or by how often an annotator agrees with the others",
            weighs=True,
        ),
        "dawid-skene": Consolidation(
            run="workbench_review.dawid_skene:consolidate",
            summary="the most probable intent, by the errors that each annotator tends to (Dawid & Skene 1979)",
            extra=EXTRA,
            libraries=("crowd-kit",),
        ),
    }


@hookimpl
def agreements() -> Mapping[str, Agreement]:
    """Cohen's kappa and Krippendorff's alpha."""
    return {
        "kappa-alpha": Agreement(
            run="workbench_review.agreement_report:report",
            summary="Cohen's kappa of each pair of annotators, Krippendorff's alpha of all and of each intent",
            extra=EXTRA,
            libraries=("krippendorff", "scikit-learn"),
            default=True,
        )
    }


@hookimpl
def selectors() -> Mapping[str, Selector]:
    """What to label next, and which labels to look at again."""
    return {
        "uncertain": Selector(
            run="workbench_review.informative:uncertain",
            summary="the smallest margin between the two most probable intents",
            default=True,
        ),
        "diverse": Selector(
            run="workbench_review.informative:diverse",
            summary="of the uncertain ones, those least like each other and like labelled texts",
            compares=True,
        ),
        "out-of-scope": Selector(
            run="workbench_review.informative:out_of_scope", summary="the least like the model's training texts"
        ),
        "doubtful": Selector(
            run="workbench_review.doubts:doubtful",
            summary="disputed labels first, then those that a model which has not seen them finds improbable",
            extra=EXTRA,
            libraries=("scikit-learn",),
            labels=True,
        ),
    }


@hookimpl
def readers() -> Mapping[str, Reader]:
    """Files of votes."""
    return {
        "votes": Reader(
            run="workbench_review.votes_file:read_dataset",
            votes="workbench_review.votes_file:read_votes",
            options=VotesOptions,
            calls=("consolidations",),
            summary="a CSV file with a line for each vote: task, text, annotator, intent",
        )
    }


@hookimpl
def register_commands(cli: click.Group, host: Host) -> None:
    """The group `review`."""
    from workbench_review.verbs import add_verbs

    add_verbs(cli, host)
