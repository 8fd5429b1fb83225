"""The vocabulary of the project: words and phrases that readers misunderstood, and the words to use instead."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
COVERED = (  # files and folders whose text follows the rules; the list only grows
    "workbench",
    *(f"plugins/workbench_{name}" for name in ("augment", "clean", "evaluate", "files", "gate", "journal", "local")),
    *(f"plugins/workbench_{name}" for name in ("quickstart", "serve")),
    *(f"docs/en/{name}" for name in ("tutorials", "how-to", "explanation", "index.md")),
    *(
        f"docs/en/reference/{name}.md"
        for name in ("environment", "exit-codes", "formats", "http-api", "model-contract")
    ),
    *("CONTRIBUTING.md", "SECURITY.md", "examples"),
)
BANNED = (  # pattern, instead; upper and lower case count as the same, and code in backticks is left out
    # one thing has one name
    (r"\buncut\b|\buncompressed (?:model|one)\b|\bunpruned original\b", "the baseline model"),
    (r"\b(?:an|the|each|every|this|these|their|its|of) offers?\b", "component"),
    (r"\blessons?\b|\btaught\b", "unlabelled texts; distillation"),
    (r"\bmeasured? of\b|\bput aside\b|\bput away\b", "measurements"),
    (r"\bgets? on\b|\bgetting on\b", "progress"),
    (r"\b(?:comes?|came) to (?:its|their|an) end\b|\bcomes? to be\b", "complete"),
    (r"\bmend(?:s|ed|ing)?\b", "correct, solve"),
    (r"\b(?:the )?runs? beside\b", "sibling runs"),
    # "per" for rates, and the field's words for batches
    (
        r"\b(?:an?|one) (?:\w+ )?(?:text|row|intent|stage|step|line|word|name|label|sentence|predictor|file)"
        r" an? (?:call|text|line|pass|source|intent|sentence|row|word|stage|batch|second)\b",
        "one text per call: batch size 1",
    ),
    (r"\bin company\b|\bother's company\b|\bamong (?:random )?others\b|\bbatch mates\b", "batch-invariant"),
    # "what", and verbs that need a noun
    (
        r"\b(?:by|of|in|from|with|to|for|than|as|beside|into|on|and|but|under|through) what\b(?! to\b)",
        "the noun: the model, the file, the figure",
    ),
    (r"\bwhat (?:it|they|he|she|one|was|were|is|are|has|had|have|stands|goes|an?|the)\b(?!.*\?)", "the noun"),
    (r"\bwhatever\b|\bwho(?:ever)? (?:watch|ask|read|call|write|start|hold)\w*\b", "the noun"),
    (r"\btold\b|\btells? of\b|\bsays? of\b|\bsaid of\b|\bknown of\b|\bof itself\b", "report, describe; or the noun"),
    (r"\basked\b|\basks? for\b", "request, need, require; or the noun"),
    (r"\b(?:is|are|was|were|what|those|as) given\b", "the noun: the input model, the argument"),
    # archaic forms and inversions
    (r"\bstands?\b(?! for\b)|\bstood\b", "is, is in, exists"),
    (r"\b(?:is|are|was|were) to be\b", "must, will"),
    (r"\botherwise than\b", "differently from"),
    (r"\bof which\b", "whose; or a sentence of its own"),
    (
        r"(?<!\bthere )\b(?:is|are|was|were) no (?!longer|more|less|better|worse|faster|slower|larger|smaller)",
        "is not a",
    ),
    (r"\band so (?:is|are|do|does|did|has|have|would|will|can|must)\b", "too"),
    (r"\b(?:nor|neither|never|only then) (?:do|does|did|is|are|has|have|can|may|must) \w+\b", "subject first"),
    (
        r"\banew\b|\blest\b|\bmidst\b|\bthereof\b|\bthereby\b|\bwherein\b|\bwhereby\b|\bhenceforth\b|\bhitherto\b"
        r"|\bamongst\b|\bwhilst\b|\bfrom then on\b|\band its kin\b|\bgives? way\b|\band yet\b|\bbut for those\b"
        r"|\bfar from all\b|\bleft aside\b|\b\w+ aside(?:[.,;:]|$)",
        "the word of today: again, during, except",
    ),
    (r"\bcannot but\b|\bha[sd] a say\b", "a plain verb"),
)
BARE_STARTS = (
    *("What", "How", "Why", "Who", "Where", "When", "That", "Those", "These", "It", "They", "Some", "Such", "Or"),
    *("As", "If", "By", "Of", "Also", "From", "With", "Up", "Said", "Told", "Asked", "Given", "Else", "And", "But"),
)
MOST_WORDS = 25  # of a sentence
TEXT = re.compile(r"[A-Za-z]+(?: [a-z][a-z'-]*){3}")  # a literal with four words in a row reads as a sentence
CODE = re.compile(r"```.*?```|`[^`]*`|\"[^\"\n]*\"|<[^>\n]*>|https?://\S+|\{[^{}]*\}", re.DOTALL)
END = re.compile(r"(?<=[.!?])\s+|\n\s*\n|\n(?=\s*(?:[-*#]|\d+\.|[`\w]+: |[A-Z]\w+:$))")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class Passage(NamedTuple):
    """A text in a file.

    Args:
        line: its first line.
        text: the text.
        kind: `docstring`, `comment`, `literal` or `page`.
    """

    line: int
    text: str
    kind: str


def files(paths: tuple[str, ...]) -> list[Path]:
    """Python files and pages under the paths."""
    found = []
    for path in (ROOT / name for name in paths):
        found += [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.suffix in (".py", ".md"))
    return found


def passages(path: Path) -> Iterator[Passage]:
    """All texts for people in a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        without_code = FENCE.sub(lambda block: "\n" * block.group().count("\n"), text)
        for paragraph in re.finditer(r"(?:^.*\S.*$\n?)+", without_code, re.MULTILINE):
            yield Passage(without_code.count("\n", 0, paragraph.start()) + 1, paragraph.group(), "page")
        return
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and not token.string.startswith(("# noqa", "# type:", "#!")):
            yield Passage(token.start[0], token.string.lstrip("# "), "comment")
    yield from strings(ast.parse(text))


def strings(tree: ast.AST) -> Iterator[Passage]:
    """Docstrings, and literals that read as sentences."""
    docstrings = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings.add(first.value)
                yield Passage(first.lineno, ast.get_docstring(node) or "", "docstring")
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and {node}.isdisjoint(docstrings | parts):
            text = node.value
        if TEXT.search(text):
            yield Passage(node.lineno, text, "literal")  # type: ignore[attr-defined]


def plain(text: str) -> str:
    """The text without code, quotations and addresses."""
    return CODE.sub("CODE", text)


def sentences(text: str) -> list[str]:
    """Sentences and list items, without table rows."""
    lines = [line for line in plain(text).split("\n") if not line.lstrip().startswith("|")]
    return [" ".join(part.split()) for part in END.split("\n".join(lines)) if part.strip()]


def banned(text: str) -> list[str]:
    """The banned phrases of a text, each with the words to use instead."""
    flat = " ".join(plain(text).split())
    return [
        f"{match.group()!r}: use {instead}"
        for pattern, instead in BANNED
        for match in re.finditer(pattern, flat, re.IGNORECASE)
    ]


def faults(path: Path) -> Iterator[str]:
    """The broken rules of a file, each with its line."""
    place = path.relative_to(ROOT).as_posix()
    for line, text, kind in passages(path):
        yield from (f"{place}:{line}: {fault}" for fault in banned(text))
        if kind == "docstring" and text.split(maxsplit=1)[0].strip("`,.:;") in BARE_STARTS:
            yield f"{place}:{line}: {text.split(maxsplit=1)[0]!r}: begin a docstring with a verb or a noun"
        for sentence in sentences(text):
            if (count := len(re.findall(r"\w[\w'.-]*", sentence))) > MOST_WORDS:
                yield f"{place}:{line}: {count} words: {sentence[:60]!r}…"


@pytest.mark.parametrize("name", COVERED)
def test_texts_use_the_vocabulary_in_short_sentences(name: str) -> None:
    found = [fault for path in files((name,)) for fault in faults(path)]
    assert not found, "\n".join(found)


def test_a_public_class_name_means_one_thing() -> None:
    places: dict[str, list[str]] = {}
    for path in (path for path in files(("workbench", "plugins")) if path.suffix == ".py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(path.relative_to(ROOT).as_posix())
    assert not {name: found for name, found in places.items() if len(found) > 1}


@pytest.mark.parametrize(
    "text",
    [
        "The uncut model in every precision: what peers serve, and the way back.",
        "What a stage says of itself when it is done.",
        "Some of many: rows often stand sorted by intent.",
        "the bundle will be asked one text a call, which is slower",
        "runs/first: is a run, and a model is asked for",
        "Who is told how a run gets on.",
        "The dataset is to be divided anew.",
        "Whether this CPU may answer otherwise than was measured.",
        "its runtime, of which only one file is kept",
        "is no plain file name",
        "Its name, and so are rows that share a text.",
    ],
)
def test_texts_that_readers_misunderstood_are_found(text: str) -> None:
    assert banned(text)


@pytest.mark.parametrize(
    "text",
    [
        "Export the unpruned model in fp32, int8 and fp16. Pruned candidates are compared with these.",
        "The server then runs this bundle with batch size 1.",
        "There is no such file. Check the path",
        "runs/first is a run folder, but this command needs a model folder.",
        "The stage is no longer cached; `what was given` is code.",
        "int8 stands for eight-bit integers, two milliseconds per text",
    ],
)
def test_plain_texts_are_accepted(text: str) -> None:
    assert not banned(text)
