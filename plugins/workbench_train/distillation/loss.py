"""The loss of a distillation: cross-entropy with the labels, divergence from the teachers, and hidden states.

loss = hard_share * cross-entropy + (1 - hard_share) * T^2 * KL(teachers || student), both softened by the temperature T
(Hinton, Vinyals & Dean 2015, arXiv 1503.02531). A row without a label has the second part only. With a hidden_weight,
the difference between the hidden states of student and teacher is added, see `HiddenStates`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from workbench_train.distillation.hidden_states import HiddenStates
from workbench_train.distillation.rows import UNLABELLED
from workbench_train.loop import BatchOutput, Loss
from workbench_train.options import DistilOptions


def distillation_loss(
    labels: Sequence[int], targets: Tensor, options: DistilOptions, states: HiddenStates | None = None
) -> Loss:
    """The loss of a step, a mean over its rows.

    Args:
        labels: of each row the index of its intent, or `UNLABELLED`.
        targets: the teachers' probabilities, float32 [rows, intents].
        options: temperature, hard share, label smoothing and hidden weight.
        states: the teacher's, where these are learned too.
    """
    hard_targets, temperature, hard_share = torch.tensor(labels), options.temperature, options.hard_share

    def loss(output: BatchOutput, batch: list[int]) -> Tensor:
        hard = functional.cross_entropy(
            output.logits,
            hard_targets[batch],
            ignore_index=UNLABELLED,
            label_smoothing=options.label_smoothing,
            reduction="sum",
        ) / len(batch)
        student = functional.log_softmax(output.logits / temperature, dim=1)
        soft = functional.kl_div(student, targets[batch], reduction="batchmean") * temperature**2
        both = hard_share * hard + (1 - hard_share) * soft
        return both + options.hidden_weight * states.difference(output, batch) if states else both

    return loss
