"""The training loop: steps, evaluations on dev, early stopping, and a state that can be stored and restored.

The exponential moving average of the weights is evaluated and kept, not the weights of one step: at a learning rate
that is high enough to learn in few epochs, single steps scatter about it (Polyak & Juditsky 1992; Izmailov et al. 2018,
arXiv 1803.05407).

Every random number is derived from the seed and the epoch's or the step's number, so that a resumed training needs no
state of a generator and gives the same bits as one that was never interrupted.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel

from workbench.api import Log, WorkbenchError
from workbench.api.torch import IntentClassifier, pad, run_in_batches, shuffled_batches
from workbench_train.checkpoint import Checkpoint
from workbench_train.options import FinetuneOptions
from workbench_train.rows import TrainingData

LOG_EVERY = 10  # steps
Tensors = tuple[Tensor, ...] | list[Tensor]


@dataclass(frozen=True)
class BatchOutput:
    """The classifier's outputs for a batch of n rows.

    Args:
        logits: float32 [n, intents].
        states: the last hidden states [n, tokens, d].
        mask: int64 [n, tokens], 0 for padding.
    """

    logits: Tensor
    states: Tensor
    mask: Tensor


Loss = Callable[[BatchOutput, list[int]], Tensor]  # outputs and the numbers of their train rows -> a number


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """`AveragedModel`'s rule for an exponential moving average.

    In the first steps the decay is (1 + n) / (10 + n), so that a short training is not held back by its start.
    """

    @torch.no_grad()
    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        n = int(count)
        torch._foreach_lerp_(averaged, current, 1 - min(decay, (1 + n) / (10 + n)))

    return update


@dataclass
class TrainingState:
    """How far a training is, and its best evaluation.

    Args:
        step: steps taken.
        evaluations: how often dev was evaluated.
        start_accuracy: accuracy on dev before the first step.
        best_step: the step whose weights are the best on dev so far.
        best_accuracy: their accuracy on dev.
        best_loss: their cross-entropy on dev, which decides between equal accuracies.
        waited: evaluations since then.
    """

    step: int = 0
    evaluations: int = 0
    start_accuracy: float = 0.0
    best_step: int = 0
    best_accuracy: float = -1.0
    best_loss: float = 0.0
    waited: int = 0

    def figures(self) -> dict[str, float]:
        """The figures for a model's history."""
        figures: dict[str, float] = {"steps": self.step}
        if self.best_accuracy >= 0:
            figures |= {
                "best_step": self.best_step,
                "start_dev_accuracy": self.start_accuracy,
                "dev_accuracy": self.best_accuracy,
            }
        return figures


class TrainingLoop:
    """One training of encoder and head.

    Args:
        classifier: is trained in place.
        data: the rows to learn, and those of dev.
        options: see `FinetuneOptions`.
        seed: of order and dropout.
        loss: is minimised; None = the cross-entropy with the rows' labels.
    """

    def __init__(
        self,
        classifier: IntentClassifier,
        data: TrainingData,
        options: FinetuneOptions,
        seed: int,
        loss: Loss | None = None,
    ) -> None:
        self.classifier, self.train, self.dev = classifier, data.train, data.dev
        self.options, self.seed = options, seed
        self.loss = loss or self._cross_entropy
        lengths, size = [len(row) for row in self.train.ids], options.batch_size
        self.batches = [
            batch
            for epoch in range(options.epochs)
            for batch in shuffled_batches(lengths, size, np.random.default_rng((seed, epoch)))
        ]
        self.interval = max(1, round(options.evaluate_every * len(self.batches) / options.epochs))
        self.optimizer = torch.optim.AdamW(self._groups(), weight_decay=options.weight_decay, fused=True)
        self.average = AveragedModel(classifier, multi_avg_fn=moving_average(options.averaging))
        self.average.update_parameters(classifier)
        self.state = TrainingState()
        self.best: dict[str, Tensor] = {}

    @property
    def finished(self) -> bool:
        """Whether all steps are taken, or dev has not got better for long enough."""
        patience = self.options.patience
        stopped = patience is not None and self.state.waited >= patience
        return stopped or self.state.step == len(self.batches)

    @property
    def share(self) -> float:
        """How much of all steps is taken."""
        return self.state.step / len(self.batches)

    def run(self, checkpoint: Checkpoint, log: Log) -> TrainingState:
        """Train until `finished`; afterwards the classifier has the averaged weights that were best on dev."""
        state = self.state
        if not state.evaluations:
            self._evaluate(checkpoint, log)
        while not self.finished:
            loss = self._step()
            state.step += 1
            if state.step % LOG_EVERY == 0:
                best = {"best_dev_accuracy": state.best_accuracy} if self.dev else {}
                log({"loss": loss, **best, "progress": self.share}, state.step)
            if state.step % self.interval == 0 or state.step == len(self.batches):
                self._evaluate(checkpoint, log)
        self.classifier.load_state_dict(self.best or self.average.module.state_dict())
        return state

    def tensors(self) -> dict[str, Tensor]:
        """Weights, their average, moments of the optimizer and the best average, as `restore` takes them."""
        named = {f"weights/{name}": tensor for name, tensor in self.classifier.state_dict().items()}
        named |= {f"average/{name}": tensor for name, tensor in self.average.state_dict().items()}
        names: dict[Tensor, str] = {parameter: name for name, parameter in self.classifier.named_parameters()}
        for parameter, moments in self.optimizer.state.items():
            named |= {f"optimizer/{moment}/{names[parameter]}": tensor for moment, tensor in moments.items()}
        if self.state.best_step != self.state.step:
            named |= {f"best/{name}": tensor for name, tensor in self.best.items()}
        return named

    def restore(self, tensors: dict[str, Tensor], state: TrainingState) -> None:
        """Go back to where `tensors` and `state` were taken."""
        parts: dict[str, dict[str, Tensor]] = {"weights": {}, "average": {}, "optimizer": {}, "best": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        self.classifier.load_state_dict(parts["weights"])
        self.average.load_state_dict(parts["average"])
        parameters = dict(self.classifier.named_parameters())
        for name, tensor in parts["optimizer"].items():
            moment, _, parameter = name.partition("/")
            self.optimizer.state[parameters[parameter]][moment] = tensor
        self.state = state
        if self.dev:
            self.best = parts["best"] or self._averaged()

    def _step(self) -> float:
        options, step = self.options, self.state.step
        torch.manual_seed(int(np.random.SeedSequence((self.seed, step)).generate_state(1)[0]))
        rows = self.batches[step]
        ids, mask = pad([self.train.ids[row] for row in rows], self.classifier.pad_id)
        for group in self.optimizer.param_groups:
            group["lr"] = group["highest"] * self._rate(step)
        self.classifier.train(options.dropout)
        with torch.autocast("cpu", torch.bfloat16, enabled=options.bf16):
            states = self.classifier.hidden_states(ids, mask)
            vectors = self.classifier.pool(states, mask)
        loss = self.loss(BatchOutput(self.classifier.classify(vectors), states, mask), rows)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.classifier.parameters(), options.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.average.update_parameters(self.classifier)
        value = loss.item()
        if not math.isfinite(value):
            raise WorkbenchError(
                f"the loss is {value} at step {step}", where="training", remedy="Lower encoder_lr and head_lr"
            )
        return value

    def _cross_entropy(self, output: BatchOutput, rows: list[int]) -> Tensor:
        labels = torch.tensor([self.train.labels[row] for row in rows])
        return functional.cross_entropy(output.logits, labels, label_smoothing=self.options.label_smoothing)

    def _rate(self, step: int) -> float:
        total = len(self.batches)
        rising = round(self.options.warmup * total)
        return (step + 1) / rising if step < rising else (total - step) / (total - rising)

    def _evaluate(self, checkpoint: Checkpoint, log: Log) -> None:
        state = self.state
        if self.dev:
            accuracy, loss = self._score()
            log({"dev_accuracy": accuracy, "dev_loss": loss, "progress": self.share}, state.step)
            state.start_accuracy = state.start_accuracy if state.evaluations else accuracy
            state.waited += 1
            if (accuracy, -loss) > (state.best_accuracy, -state.best_loss):
                state.best_step, state.best_accuracy, state.best_loss = state.step, accuracy, loss
                state.waited = 0
                self.best = self._averaged()
        state.evaluations += 1
        checkpoint.save(self.tensors(), dataclasses.asdict(state))

    def _score(self) -> tuple[float, float]:
        logits, _ = run_in_batches(self.average.module.eval(), self.dev.ids, self.classifier.pad_id)
        assert logits is not None
        labels = torch.tensor(self.dev.labels)
        right = int((logits.argmax(1) == labels).sum())
        return right / len(labels), functional.cross_entropy(logits, labels).item()

    def _averaged(self) -> dict[str, Tensor]:
        return {name: tensor.clone() for name, tensor in self.average.module.state_dict().items()}

    def _groups(self) -> list[dict[str, Any]]:
        groups: list[dict[str, Any]] = []
        for part, highest in (("encoder", self.options.encoder_lr), ("head", self.options.head_lr)):
            parameters = list(self.classifier.get_submodule(part).parameters())
            matrices = [parameter for parameter in parameters if parameter.ndim > 1]
            vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
            groups += [
                {"params": matrices, "highest": highest},
                {"params": vectors, "highest": highest, "weight_decay": 0.0},
            ]
        return groups
