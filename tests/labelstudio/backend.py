"""A served bundle as Label Studio meets it, and a recipe for it that trains in a second."""

from __future__ import annotations

import contextlib
import csv
import sqlite3
import time
from pathlib import Path
from urllib.parse import unquote_plus

from tests import naive_bayes

MOUNTED = ("--with", "label-studio")  # options of `workbench serve`
JOB = "label-studio-retraining"
ENDED = ("succeeded", "refused", "failed", "unavailable")
CONFIG = (
    '<View><Text name="t" value="$正文"/><Choices name="intent" toName="t">'
    '<Choice value="Parcels" alias="delivery"/><Choice value="退款"/></Choices></View>'
)
WORDS = {"delivery": ["parcel", "where", "late", "post", "courier"], "退款": ["refund", "money", "back", "pay", "cash"]}
RECIPE = """
seed = 5

[[import]]
reader = "csv"
source = "rows.csv"
split = {{ train = 0.7, dev = 0.3 }}

[train]
use = "{train}"

[evaluate]
baselines = []

[[compress]]
use = "bayes-onnx"

[gate]
{gate}
"""
ACCEPTS, REFUSES = "min_agreement = 0.9", "max_size_mb = 0.000001"


def write_recipe(folder: Path, gate: str = ACCEPTS, train: str = "bayes") -> Path:
    """A recipe beside its rows, of the intents of the tests' bundle."""
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "intent"])
        for intent, words in WORDS.items():
            rows.writerows([f"{one} {other} {n}", intent] for n, one in enumerate(words) for other in words)
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(gate=gate, train=train), encoding="utf-8")
    return path


def install_plugins(folder: Path) -> Path:
    """A folder to put on PYTHONPATH: naive Bayes as an installed plugin, slow and incomplete trainers with it."""
    about = folder / "bayes_plugin-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: bayes-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[workbench]\nbayes_plugin = bayes_plugin\n")
    more = """

def train_slowly(dataset, out, options, context):
    from pathlib import Path

    while not Path(__file__).with_name("go").exists():
        sum(range(100_000))  # what is answered meanwhile is answered beside a busy core
    return train(dataset, out, options, context)


def fail(dataset, out, options, context):
    from workbench import WorkbenchError

    raise WorkbenchError("the rows are odd", where="row 7")


@hookimpl
def trainers():
    return {
        "bayes": Trainer(run=train, summary="naive Bayes"),
        "slow-bayes": Trainer(run=train_slowly, summary="naive Bayes, once there is a file"),
        "failing": Trainer(run=fail, summary="fails"),
        "absent": Trainer(run=train, summary="lacks a library", extra="train", libraries=("no-such-library",)),
        "undeclared": Trainer(run="lacking_trainer:train", summary="lacks a library in silence", extra="train"),
    }
"""
    (folder / "lacking_trainer.py").write_text("import no_such_library\n")
    source = Path(naive_bayes.__file__).read_text(encoding="utf-8").partition("\nRECIPE = ")[0]
    before, _, after = source.partition('@hookimpl\ndef trainers():\n    return {"bayes": Trainer(')
    after = after.partition("\n")[2]
    (folder / "bayes_plugin.py").write_text(before + after + more, encoding="utf-8")
    return folder


def job_of(client) -> dict:
    """How the retraining stands."""
    return client.get("/label-studio/job_status").json()


def ended(client, seconds: float = 90) -> dict:
    """The retraining's state once it has ended."""
    return until(lambda: (job := job_of(client))["state"] in ENDED and job, seconds)


def said_of(server, entry: int) -> tuple[str, str]:
    """State and error of a model's entry, where Label Studio keeps them: a look by its API sets them anew."""
    with contextlib.closing(sqlite3.connect(server.data / "label_studio.sqlite3")) as database:
        query = "SELECT state, error_message FROM ml_mlbackend WHERE id = ?"
        state, error = database.execute(query, (entry,)).fetchone()
    return state, unquote_plus(error or "")


def until(condition, seconds: float = 60):
    """What a condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
    return found
