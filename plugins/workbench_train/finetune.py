"""Fine-tuning: the probe's head as the start, then the whole encoder.

A fitted head spares the encoder the steps in which a random one would pull it about (linear probing, then fine-tuning:
Kumar et al. 2022, arXiv 2202.10054).
"""

from __future__ import annotations

from pathlib import Path

from workbench.api import Context, Dataset, Model
from workbench.api.torch import seeded
from workbench_train.draft import new_draft
from workbench_train.options import FinetuneOptions
from workbench_train.probe import fit_head
from workbench_train.rows import TrainingData, check_train_rows, examples
from workbench_train.training import train_classifier


def train(dataset: Dataset, out: Path, options: FinetuneOptions, context: Context) -> Model:
    """Fine-tune on the train split and keep the weights that are best on dev; a killed training continues."""
    check_train_rows(dataset)
    with seeded(context.seed):
        draft = new_draft(dataset, out, options, context, "finetune")
        data = TrainingData(examples(dataset, "train", draft.model), examples(dataset, "dev", draft.model))
        state = train_classifier(
            draft, data, options, context, head=lambda: fit_head(draft.classifier, data.train, options.C)
        )
        return draft.finish(state.figures())
