"""Search spaces: the options of a pass that a search varies, with the values to try.

Pass(run="acme.width:narrow", options=NarrowOptions, summary="…", role="prune", consumes="torch", produces="torch",
     space={"share": Axis((1.0, 0.5, 0.25))})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.nouns.model import Model

Values = Sequence[Any]
Config = Mapping[str, Any]


@dataclass(frozen=True)
class Axis:
    """One option of a pass, and the values that a search tries.

    Args:
        values: the values, or a function `Model -> values`, or its import path `"package.module:function"`. The first
            value of a pruning pass leaves the model unchanged, and each further value prunes more. An empty sequence
            means that the pass cannot prune this model. For other passes the first value is the option's default.
        resize: `(config, value) -> config`, a function or its import path, that returns the `config.json` of the pruned
            model. With `resize` a search predicts times from small random networks; otherwise the search times pruned
            models.
        blocks: whether the value is the number of equal blocks (layers) of the encoder. A search removes blocks value
            by value, and the other axes describe parts of one block.
        title: heading of the value in reports, in English and in Chinese; by default the option's name.
    """

    values: Values | Callable[[Model], Values] | str
    resize: Callable[[Config, Any], Config] | str | None = None
    blocks: bool = False
    title: tuple[str, str] = ("", "")
