"""Search spaces: what a pass declares of those options that are worth searching.

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
        values: the values, or a function `Model -> values`, or its address `"package.module:function"`. The first value
            of a pass that prunes leaves the model as it is, and each further one prunes more; no value means that the
            pass cannot prune this model. The first value of another pass is the option's default.
        resize: `(config, value) -> config`: the `config.json` of a model that is pruned to a value; a function or its
            address. With it a search predicts times from small random networks; without it the search times pruned
            models.
        blocks: whether the value counts the equal blocks (layers) that the encoder stacks. Fewer blocks are reached
            value by value, and the other axes are understood as parts of one block.
        title: heading of the value in reports, in English and in Chinese; the option's name where it is empty.
    """

    values: Values | Callable[[Model], Values] | str
    resize: Callable[[Config, Any], Config] | str | None = None
    blocks: bool = False
    title: tuple[str, str] = ("", "")
