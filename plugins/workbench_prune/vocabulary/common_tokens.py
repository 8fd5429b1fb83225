"""The most common tokens of a vocabulary, of each script as many as the data has use for.

The vocabulary of a tokenizer for a hundred languages is sorted by how common a token is in all of them together: of
its first tenth, a Chinese text can use one in fourteen. So each script gets a share of what stays.
"""

from __future__ import annotations

from collections import Counter

from workbench_prune.vocabulary.scripts import scripts_of
from workbench_prune.vocabulary.tokenizer import Vocabulary


def common_tokens(vocabulary: Vocabulary, used: set[str], count: int) -> set[str]:
    """The first tokens of each script, as many as its share of `used`; where a script has no more, others fill up.

    Tokens without letters count as a script of their own, as do those of two scripts. Scripts that `used` has nothing
    of come last. Where tokens are made of bytes, they have no scripts, and the vocabulary's first tokens are taken.

    Args:
        vocabulary: the lower a token's number, the more common it is, as trainers of tokenizers mostly write them.
        used: the tokens of the data.
        count: how many, all if there are fewer.
    """
    if count <= 0:
        return set()
    ordered = sorted(vocabulary.numbers, key=vocabulary.numbers.__getitem__)
    if vocabulary.of_bytes:
        return set(ordered[:count])
    written = {token: frozenset(scripts_of([token])) for token in ordered}
    shares, met, turns = Counter(written[token] for token in used), Counter[frozenset[str]](), {}
    for token in ordered:
        scripts = written[token]
        met[scripts] += 1
        turns[token] = met[scripts] / shares[scripts] if shares[scripts] else float("inf")
    return set(sorted(ordered, key=turns.__getitem__)[:count])
