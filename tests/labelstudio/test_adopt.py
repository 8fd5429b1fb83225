"""`workbench labelstudio create` with the title of a project of somebody: it is filled, and its label config stays."""

from __future__ import annotations

import pytest

from tests.labelstudio.maker import about as about
from tests.labelstudio.maker import answers as answers
from tests.labelstudio.maker import create as create
from tests.labelstudio.maker import known as known
from tests.labelstudio.maker import refused as refused
from tests.labelstudio.maker import save as save
from workbench.nouns.utterance import Utterance

ADOPTED = """<View className='wide'>
  <!-- ours --><Header value="Was will er? &amp; warum"/>
  <Text   name="t" value='$Text'/>
  <Choices name='topic' toName='t' choice="multiple" >
    <Choice value="Lieferung" alias="delivery"/><Choice value="Geld zurück" alias="refund"/>
  </Choices>
  <Choices toName="t" name="mood"><Choice value="good"/></Choices>
</View>"""


def test_a_project_of_somebody_is_filled(label_studio, create, refused, save, about):
    number = label_studio.project(ADOPTED, "somebody's")
    with label_studio.http() as http:
        http.post(f"/api/projects/{number}/import", json=[{"Text": "TEXT   0"}]).raise_for_status()
    folder = save(("delivery", "refund"))
    assert "2 controls" in refused(folder, "--title", "somebody's")
    assert "unknown control 'intent'" in refused(folder, "--title", "somebody's", "--control", "intent")
    said = create(folder, "--title", "somebody's", "--control", "topic")
    assert (said["project"], said["made"], said["uploaded"], said["there"]) == (number, False, 1, 1)
    assert about(number)["label_config"] == ADOPTED
    with label_studio.http() as http:
        tasks = http.get("/api/tasks", params={"project": number, "fields": "all"}).json()["tasks"]
    assert [task["data"] for task in tasks] == [{"Text": "TEXT   0"}, {"Text": "text 1"}]
    assert tasks[1]["annotations"][0]["result"][0]["from_name"] == "topic"
    assert create(folder, "--title", "somebody's", "--control", "topic")["there"] == 2


def test_a_project_that_lacks_intents_is_left_alone(label_studio, refused, save, about):
    number = label_studio.project(ADOPTED, "too few")
    line = refused(save(("delivery", "other")), "--title", "too few", "--control", "topic")
    assert "lacks 1 of 2 intents: other. Add them in Label Studio" in line
    assert about(number)["task_number"] == 0


def test_names_of_leaves_go_into_a_taxonomy_as_paths(label_studio, create, refused, save, answers):
    config = """<View><Text name="t" value="$text"/><Taxonomy name="i" toName="t"><Choice value="A"><Choice value="x"/>
    <Choice value="other"/></Choice><Choice value="B"><Choice value="other"/></Choice></Taxonomy></View>"""
    number = label_studio.project(config, "leaves")
    create(save(("x", ("B", "other"))), "--title", "leaves")
    said = answers(number)
    assert said["text 0"][0][0]["value"]["taxonomy"] == [["A", "x"]]
    assert said["text 1"][0][0]["value"]["taxonomy"] == [["B", "other"]]
    assert "'other' stands for two labels: 'A / other' and 'B / other'" in refused(
        save(("x", "other")), "--title", "leaves", code=1
    )


@pytest.mark.parametrize(
    ("config", "rows", "said"),
    [
        ('<Choices name="i" toName="t"><Choice value="a"/></Choices>', "several", "takes one label"),
        ('<Choices name="i" toName="t"><Choice value="a"/></Choices>', "paths", "lacks 1 of 1 intents: a / b"),
        ('<TextArea name="i" toName="t"/>', "one", "no Choices or Taxonomy"),
        (
            '<Text name="p" value="$a $b"/><Choices name="i" toName="p"><Choice value="a"/></Choices>',
            "one",
            "which key",
        ),
        ('<Image name="p" value="$url"/><Choices name="i" toName="t"><Choice value="a"/></Choices>', "one", "url"),
    ],
)
def test_projects_that_cannot_be_filled(label_studio, workbench, save, about, config, rows, said):
    number = label_studio.project(f'<View><Text name="t" value="$text"/>{config}</View>', f"cannot be: {said}")
    folder = {
        "several": lambda: save(("a", "b"), [Utterance("1", "x", "x", ("a", "b"))], "intents"),
        "paths": lambda: save((("a", "b"),)),
        "one": lambda: save(("a",)),
    }[rows]()
    result = workbench("labelstudio", "create", folder, "--title", f"cannot be: {said}")
    assert result.exit_code in (1, 2)
    assert said in result.stderr.splitlines()[-1]
    assert about(number)["task_number"] == 0
