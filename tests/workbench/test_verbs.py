"""Each stage as a verb, as its user types it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from tests import naive_bayes
from workbench.api import build_host
from workbench.cli.data_verbs import ledger_of
from workbench.cli.root import build_cli
from workbench.machine import describe, in_words
from workbench.nouns.bundle import Bundle
from workbench.nouns.dataset import Dataset

SPLIT = "train=0.7,dev=0.15,test=0.15"


@pytest.fixture(scope="module")
def cli():
    host = build_host()
    host.register(naive_bayes, "naive_bayes")
    root = build_cli(host)
    return lambda *words: CliRunner().invoke(root, [str(word) for word in words])


@pytest.fixture(scope="module")
def data(cli, tmp_path_factory):
    out = tmp_path_factory.mktemp("verbs") / "data"
    assert cli("import", "en", "--reader", "quickstart", "--split", SPLIT, "-o", out).exit_code == 0
    return out


@pytest.fixture(scope="module")
def model(cli, data):
    out = data.with_name("model")
    assert cli("train", data, "--use", "bayes", "-o", out).exit_code == 0
    return out


def test_the_verbs_make_the_chain(cli, data, model, tmp_path):
    clean = cli(
        "clean", data, "--use", "repair", "--use", "conflicts", "--conflicts.policy", "keep", "-o", tmp_path / "clean"
    )
    assert clean.exit_code == 0, clean.output
    more = cli(
        "augment",
        tmp_path / "clean",
        "--use",
        "typos",
        "--typos.copies",
        "2",
        "--typos.rate",
        "1",
        "-o",
        tmp_path / "more",
    )
    assert more.exit_code == 0, more.output
    assert len(Dataset.load(tmp_path / "more")) > 1.5 * len(Dataset.load(data))
    made = cli("compress", model, "--use", "bayes-onnx", "--data", data, "-o", tmp_path / "bundle")
    assert made.exit_code == 0, made.output
    assert Bundle.load(tmp_path / "bundle").accepted is None
    scored = cli("evaluate", tmp_path / "bundle", data, "--json", "--splits", "dev")
    (report,) = json.loads(scored.stdout)
    assert report["split"] == "dev"
    assert report["metrics"]["accuracy"] > 0.3


def test_what_was_made_is_told_as_json(cli, data, model, tmp_path):
    cleaned = json.loads(cli("clean", data, "--use", "repair", "-o", tmp_path / "clean", "--json").stdout)
    assert (cleaned["rows"], len(cleaned["intents"])) == (672, 14)
    exported = json.loads(cli("export", model, "--use", "bayes-onnx", "-o", tmp_path / "bundle", "--json").stdout)
    bundle = Bundle.load(tmp_path / "bundle")
    assert exported["bytes"] == bundle.size()
    assert bundle.machine == describe()
    assert f"Made on {in_words(describe())}." in (bundle.path / "README.md").read_text(encoding="utf-8")
    (report,) = json.loads(cli("evaluate", model, data, "--json", "--splits", "test").stdout)
    assert (report["subject"], report["rows"]) == ("model", 98)


def test_two_at_the_same_output_say_so(cli, data, tmp_path):
    from workbench.io.lock import locked

    scratch = tmp_path / ".out.work"
    scratch.mkdir()
    with locked(scratch):
        done = cli("clean", data, "--use", "repair", "-o", tmp_path / "out")
    assert done.exit_code == 1
    assert "is in use by process" in done.output


def test_a_second_import_keeps_the_splits_of_the_first(cli, data, tmp_path):
    again = cli(
        "import",
        "en",
        "--reader",
        "quickstart",
        "--split",
        "train=0.4,dev=0.3,test=0.3",
        "--seed",
        "99",
        "--splits-of",
        data,
        "-o",
        tmp_path / "again",
    )
    assert again.exit_code == 0, again.output
    assert {row.id: row.split for row in Dataset.load(tmp_path / "again")} == {
        row.id: row.split for row in Dataset.load(data)
    }


def test_two_imports_beside_each_other_have_ledgers_of_their_own(data):
    with ledger_of(data) as one:
        with ledger_of(data) as other:
            assert one != other
        assert one.is_file()
        assert not other.exists()
    assert not one.exists()


def test_help_shows_the_options_of_what_is_named(cli):
    plain, named = cli("train", "--help").output, cli("train", "--use", "finetune", "--help").output
    assert "finetune" in plain
    assert "--epochs" not in plain
    assert "--epochs" in named


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["trian"], "unknown command 'trian'. Did you mean 'train'", 2),
        (["train", "DATA", "--use", "finetun", "-o", "OUT"], "unknown trainer 'finetun'. Did you mean 'finetune'", 2),
        (["train", "DATA", "--use", "finetune", "--epochs", "many", "-o", "OUT"], "many", 2),
        (["train", "DATA", "--use", "finetune", "--epochs", "0", "-o", "OUT"], "at least 1", 2),
        (["train", "DATA", "-o", "OUT"], "--use", 2),
        (["train", "DATA", "--use", "bayes", "--use", "probe", "-o", "OUT"], "Set --use once", 2),
        (["train", "DATA", "--use", "probe", "--C", "nan", "-o", "OUT"], "finite", 2),
        (["train", "DATA", "--use", "bayes", "--seed", "-1", "-o", "OUT"], "at least 0", 2),
        (["import", "en", "--reader", "quickstart", "--rare", "typo", "-o", "OUT"], "drop, refuse, train", 2),
        (["import", "en", "--reader", "quickstart", "--task", "intent", "-o", "OUT"], "No such option", 2),
        (["evaluate", "MODEL", "DATA", "--splits", "tset"], "Did you mean 'test'", 2),
        (["train", "MODEL", "--use", "bayes", "-o", "OUT"], "is not a dataset folder", 1),
        (["train", "DATA", "--use", "bayes", "-o", "DATA"], "exists already and is not overwritten", 1),
        (["evaluate", "DATA", "DATA"], "is not a model folder", 1),
        (["import", "fr", "--reader", "quickstart", "-o", "OUT"], "unknown language 'fr'", 2),
        (["import", "en", "--reader", "quickstart", "--split", "train=0.5", "-o", "OUT"], "add up to 1", 2),
        (["import", "en", "--reader", "quickstart", "--split", "valid", "-o", "OUT"], "'valid' is not a split", 2),
        (["compress", "MODEL", "--use", "int8", "-o", "OUT"], "int8", 1),
        (["train", "DATA", "--use", "probe", "--encoder", "./nowhere", "-o", "OUT"], "no such encoder folder", 1),
        (["train", "DATA", "--use", "probe", "--encoder", "DATA", "-o", "OUT"], "config.json is missing", 1),
        (["train", "DATA", "--use", "probe", "--encoder", "bert", "-o", "OUT"], "model.safetensors", 1),
    ],
)
def test_a_wrong_word_is_one_line_and_leaves_nothing(cli, data, model, tmp_path, words, said, code):
    places = {"DATA": data, "MODEL": model, "OUT": tmp_path / "made"}
    done = cli(*[places.get(word, word) for word in words])
    told = done.output if done.exception is None or isinstance(done.exception, SystemExit) else str(done.exception)
    assert said in told
    assert getattr(done.exception, "exit_code", done.exit_code) == code
    assert not list(tmp_path.iterdir())
