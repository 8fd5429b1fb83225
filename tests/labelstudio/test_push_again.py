"""`workbench labelstudio push` once more: edited texts, other models, other local copies, on a real server."""

from __future__ import annotations

import pytest

from tests.bundles import INTENTS, write_bundle
from tests.labelstudio.harm import closed
from tests.labelstudio.project import CONFIG, TEXTS, edit, label, predict, predictions, with_texts
from tests.labelstudio.project import push as push
from tests.labelstudio.project import run as run
from tests.labelstudio.proxy import Proxy
from workbench.nouns.model import Model

MOOD = '<Choices name="mood" toName="t"><Choice value="calm"/><Choice value="angry"/></Choices></View>'


@pytest.fixture
def turned(tmp_path):
    """Another model of the folder's name, which says of each text the opposite."""
    folder = tmp_path / "other" / "words"
    return write_bundle(folder, model=Model(folder, "onnx", "intent", INTENTS[::-1], max_length=32))


@pytest.fixture
def moody(tmp_path):
    """A colleague's model of the folder's name, for another control."""
    folder = tmp_path / "colleague" / "words"
    return write_bundle(folder, model=Model(folder, "onnx", "intent", ("calm", "angry"), max_length=32))


def test_a_text_that_was_edited_gets_a_new_prediction(label_studio, push):
    project, ids = with_texts(label_studio)
    version = push(project)["version"]
    edit(label_studio, ids["我要退款"], "where is my parcel now")
    dry = push(project, "--dry-run")
    assert (dry["written"], dry["replaced"], dry["standing"]) == (1, 1, len(TEXTS) - 1)
    assert push(project)["replaced"] == 1
    stands = predictions(label_studio, project)[version]
    assert stands["where is my parcel now"][0] == ["delivery"]
    assert len(stands) == len(TEXTS)
    assert push(project)["written"] == 0


def test_an_edited_text_gets_a_new_prediction_also_when_a_push_fails_in_between(label_studio, push, monkeypatch):
    project, ids = with_texts(label_studio)
    version = push(project)["version"]
    edit(label_studio, ids["我要退款"], "where is my parcel now")
    monkeypatch.setattr("workbench_labelstudio.http.write_outcome.LOOKS", (0.0,))
    with Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        proxy.harm(closed, "POST", "/import/predictions", times=None)
        assert "did not arrive" in push(project, fails=True)
        proxy.heal()
        again = push(project)
    assert (again["written"], again["replaced"]) == (1, 0)
    assert predictions(label_studio, project)[version]["where is my parcel now"][0] == ["delivery"]


def test_a_version_that_another_model_wrote_says_afterwards_what_this_one_says(label_studio, push, turned):
    project, _ = with_texts(label_studio)
    push(project, "--version", "v1")
    pushed = push(project, "--version", "v1", model=turned.path)
    assert pushed["written"] == pushed["replaced"] > 3
    assert predictions(label_studio, project)["v1"]["我要退款"][0] == ["delivery"]
    assert push(project, "--version", "v1", model=turned.path)["written"] == 0


def test_what_another_local_copy_pushed_stays_if_the_model_says_the_same_and_is_replaced_if_not(
    label_studio, push, turned, tmp_path
):
    project, ids = with_texts(label_studio)
    push(project, "--version", "v1")
    edit(label_studio, ids["我要退款"], "where is my parcel now")
    there = ("--version", "v1", "--mirror", tmp_path / "elsewhere")
    second = push(project, *there)
    assert (second["written"], second["replaced"], second["standing"]) == (1, 1, len(TEXTS) - 1)
    assert push(project, *there)["written"] == 0
    assert push(project, "--version", "v1", "--mirror", tmp_path / "third", model=turned.path)["written"] > 3
    assert predictions(label_studio, project)["v1"]["where is my parcel"][0] == ["退款"]


def test_a_model_of_the_same_name_for_another_control_leaves_ours_alone(label_studio, push, moody, tmp_path):
    project, _ = with_texts(label_studio, config=CONFIG.replace("</View>", MOOD))
    ours = push(project, "--control", "intent")["version"]
    theirs = push(project, "--control", "mood", model=moody.path)
    assert theirs["removed"] == {}
    assert {version: len(of) for version, of in predictions(label_studio, project).items()} == {
        ours: len(TEXTS),
        theirs["version"]: len(TEXTS),
    }


def test_of_several_controls_the_one_with_the_models_intents_is_answered(label_studio, push):
    project, _ = with_texts(label_studio, config=CONFIG.replace("</View>", MOOD))
    version = push(project)["version"]
    assert predictions(label_studio, project)[version]["我要退款"][0] == ["退款"]
    again = CONFIG.partition("/>")[2].replace('"intent"', '"again"')
    twins, _ = with_texts(label_studio, config=CONFIG.replace("</View>", again))
    assert "the controls intent and again have the same labels" in push(twins, fails=True)
    assert push(twins, "--control", "again")["written"] == len(TEXTS)


def test_an_earlier_version_of_the_name_goes_whichever_local_copy_pushed_it(label_studio, push, turned, tmp_path):
    project, _ = with_texts(label_studio)
    version = push(project)["version"]
    assert push(project, "--mirror", tmp_path / "elsewhere", model=turned.path)["removed"] == {version: len(TEXTS)}
    assert push(project)["written"] == len(TEXTS)  # ours was taken away, which this local copy does not know


def test_what_the_pull_has_to_say_is_passed_on(label_studio, run, bundle):
    project, ids = with_texts(label_studio)
    predict(label_studio, ids["please"], "delivery", "somebody-else")
    label(label_studio, ids["please"], "strange")
    for verb in ("push", "queue"):
        (first, *_) = run(verb, bundle.path, project)["findings"]
        assert first.startswith("intent: used in annotations, but not in the label config: 'strange'")


def test_names_that_two_paths_end_in_matter_only_if_the_model_has_them(label_studio, push, tmp_path):
    twice = '<Choice value="orders"><Choice value="delivery"/><Choice value="other"/></Choice>'
    twice += '<Choice value="money"><Choice value="退款"/><Choice value="other"/></Choice>'
    config = f'<View><Text name="t" value="$text"/><Taxonomy name="intent" toName="t">{twice}</Taxonomy></View>'
    project, _ = with_texts(label_studio, config=config)
    pushed = push(project)
    assert predictions(label_studio, project)[pushed["version"]]["我要退款"][0] == [["money", "退款"]]
    folder = tmp_path / "vague"
    vague = write_bundle(folder, model=Model(folder, "onnx", "intent", ("delivery", "other"), max_length=32))
    told = push(project, model=vague.path, fails=True)
    assert "the model's intent 'other' stands for two labels: 'orders / other' and 'money / other'" in told
    assert "import with --taxonomy path" in told
