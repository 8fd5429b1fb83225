"""What Label Studio asks of its model over HTTP, asked by the tests: predictions, odd input, who may ask, settings."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from urllib.parse import unquote_plus

import httpx
import pytest

from tests.labelstudio.backend import CONFIG, JOB, MOUNTED
from tests.serving import WITHOUT_EXTRAS
from workbench_labelstudio.live.events import SECRET

TEXTS = ["give me my money back", "我的快递到哪了", "where is my parcel"]


@pytest.fixture(scope="module")
def studio(serving, bundle):
    """A client of `/label-studio` of a server that has none of the extras."""
    options = (*MOUNTED, "--max-texts", "5", "--max-characters", "300")
    with serving(bundle.path, *options, program=WITHOUT_EXTRAS) as server:
        server.client.base_url = f"{server.client.base_url}/label-studio/"
        yield server.client


def predict(client, texts, config=CONFIG, key="正文", **more):
    tasks = [{"id": number, "data": {key: text}} for number, text in enumerate(texts)]
    params = {"login": None, "password": None, "context": None}
    body = {"tasks": tasks, "project": "7.1", "label_config": config, "params": params, **more}
    return client.post("predict", json=body)


def choices(answer):
    return [result["result"] and result["result"][0]["value"]["choices"] for result in answer.json()["results"]]


def refusal(answer):
    """What Label Studio would show of a refusal: the URL that it leads to."""
    assert answer.status_code == 303
    place = httpx.URL(answer.request.url).join(answer.headers["location"])
    shown = httpx.get(place)
    assert shown.status_code == 409
    assert shown.json()["detail"] == unquote_plus(place.query.decode())
    return shown.json()["detail"]


def test_a_server_without_extras_answers_all_that_is_asked(studio, bundle):
    for path in ("", "health"):
        answer = studio.get(path).json()
        assert (answer["status"], answer["model_version"]) == ("UP", f"words-{bundle.id}")
        assert answer["model_class"]
    setup = {"project": "7.1", "schema": CONFIG, "hostname": "", "access_token": "canary", "extra_params": None}
    assert studio.post("setup", json=setup).json() == {"model_version": f"words-{bundle.id}"}
    assert studio.get("versions").json() == {"versions": [f"words-{bundle.id}"]}
    for path in ("validate", "delete", "duplicate_model"):
        assert studio.post(path, json={"project": "7.1"}).status_code == 200
    assert choices(predict(studio, TEXTS)) == [["退款"], ["delivery"], ["delivery"]]


def test_a_result_has_the_form_that_the_config_asks_for(studio, bundle):
    (result,) = predict(studio, TEXTS[:1]).json()["results"]
    assert result["result"] == [
        {"from_name": "intent", "to_name": "t", "type": "choices", "value": {"choices": ["退款"]}}
    ]
    assert 0.9 < result["score"] < 1
    assert result["model_version"] == f"words-{bundle.id}"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (CONFIG.replace("<Choices ", '<Choices choice="multiple" '), ("choices", ["退款"])),
        (
            CONFIG.replace("Choices", "Taxonomy").replace(
                '<Choice value="退款"/>', '<Choice value="钱"><Choice value="退款"/></Choice>'
            ),
            ("taxonomy", [["钱", "退款"]]),
        ),
        (
            CONFIG.replace("</View>", '<Choices name="a" toName="t"><Choice value="退款"/></Choices></View>'),
            ("choices", ["退款"]),
        ),
    ],
    ids=["multiple", "taxonomy", "two-controls"],
)
def test_other_configs(studio, config, expected):
    kind, value = expected
    (result,) = predict(studio, ["退款"], config).json()["results"][0]["result"]
    assert (result["from_name"], result["type"], result["value"]) == ("intent", kind, {kind: value})


def test_what_has_no_answer_is_empty_and_spoils_no_other(studio):
    odd = ["\u200b", None, 7, ["退款"], {"退": "款"}, True]
    texts = ["退款", " ", *odd, "refund " * 60, "x" * 5_000_000, "退款 \ud800", "parcel"]
    tasks = [{"data": {"正文": text}} for text in texts] + [{"data": {}}, {"data": None}, {}, None, 3]
    body = json.dumps({"tasks": tasks, "label_config": CONFIG})
    answer = studio.post("predict", content=body, headers={"content-type": "application/json"})
    found = choices(answer)
    assert len(found) == len(tasks)
    assert (found[0], found[10], found[11]) == (["退款"], ["退款"], ["delivery"])
    for number in (1, 2, 3, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16):
        assert answer.json()["results"][number]["result"] == [], number
        assert answer.json()["results"][number]["score"] is None
    assert found[4] in (["退款"], ["delivery"])


def test_more_tasks_than_a_request_may_have_texts_are_answered(studio):
    texts = ["退款" if number % 3 else "parcel" for number in range(700)]
    assert choices(predict(studio, texts)) == [["退款" if number % 3 else "delivery"] for number in range(700)]
    assert predict(studio, []).json() == {"results": []}


def test_intents_that_the_config_lacks_get_an_empty_result(studio):
    config = CONFIG.replace('<Choice value="退款"/>', "")
    assert studio.post("setup", json={"schema": config}).status_code == 200
    assert choices(predict(studio, TEXTS, config)) == [[], ["delivery"], ["delivery"]]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ("<View>", "cannot be read"),
        ("", "cannot be read"),
        ('<View><Text name="t" value="$正文"/></View>', "controls that ask for labels: none"),
        (CONFIG.replace("delivery", "a").replace("退款", "b"), "delivery, 退款; controls that ask for labels: intent"),
        (CONFIG.replace("$正文", "Hello"), "does not ask of one key"),
        (CONFIG.replace("</View>", CONFIG[6:].replace('"intent"', '"again"')), "have the same labels"),
    ],
    ids=["broken", "empty", "no-control", "other-intents", "no-key", "twins"],
)
def test_a_config_that_does_not_fit_is_refused_where_label_studio_shows_it(studio, config, why):
    assert why in refusal(studio.post("setup", json={"schema": config}))
    assert why in refusal(predict(studio, TEXTS, config))


@pytest.mark.parametrize("path", ["setup", "predict", "webhook"])
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"null", b"\xff", b'{"a": 1e999}', b"[" * 100_000, b'{"n": ' + b"9" * 6000 + b"}"],
    ids=["nothing", "cut", "list", "number", "null", "no-utf8", "infinite", "deep", "digits"],
)
def test_no_body_makes_it_fail(studio, path, body):
    answer = studio.post(path, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in ((200, 422) if path == "webhook" else (422,)), answer.text
    assert answer.json()


@pytest.mark.parametrize("tasks", [None, {}, "tasks", 3])
def test_tasks_are_a_list(studio, tasks):
    assert predict(studio, [], tasks=tasks).status_code == 422


def test_what_a_page_of_a_browser_can_send_is_not_read(studio):
    assert studio.post("webhook", content=b'{"action": "START_TRAINING"}').status_code == 415


def test_start_training_without_a_recipe_says_what_to_set(studio):
    body = {"action": "START_TRAINING", "project": {"id": 7}}
    for path in ("webhook", "train"):
        assert "WORKBENCH_LABELSTUDIO_RECIPE" in refusal(studio.post(path, json=body))
    status = studio.post("job_status", json={"job": JOB}).json()
    assert (status["job_status"], status["state"]) == ("failed", "unavailable")
    for action in ("ANNOTATION_CREATED", "ANNOTATIONS_DELETED", "PROJECT_UPDATED", "NEWS"):
        assert studio.post("webhook", json={"action": action}).status_code == 200


PASSWORD = "päss:wörd"


@pytest.fixture
def guarded(serving, bundle, monkeypatch, tmp_path):
    (tmp_path / "password").touch(0o644)  # as containers mount it
    (tmp_path / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_USER", "studio")
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_SECRET", "hush")
    with serving(bundle.path, *MOUNTED) as server:
        yield server


def basic(user, password, encoding="latin-1"):
    return {"authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode(encoding)).decode()}


def test_only_the_right_login_is_answered(guarded):
    def status(**headers):
        return guarded.client.get("/label-studio/health", headers=headers).status_code

    assert status(**basic("studio", PASSWORD)) == status(**basic("studio", PASSWORD, "utf-8")) == 200
    wrong = [{}, basic("studio", "guess"), basic("Studio", PASSWORD), basic("studio", ""), basic("", "")]
    wrong += [{"authorization": header} for header in ("Basic", "Basic !!", "Basic é".encode("latin-1"), "Bearer x")]
    for headers in wrong:
        assert status(**headers) == 401, headers
    for path in ("setup", "predict", "train", "validate", "job_status"):
        assert guarded.client.post(f"/label-studio/{path}").status_code == 401
    for path in ("", "/", "/versions", "/refused?money+back"):
        assert guarded.client.get(f"/label-studio{path}").status_code == 401
    assert guarded.client.get("/health").status_code == 200
    guarded.stop()
    log = guarded.process.stderr.read()
    assert log.count("it gives a wrong login") == log.count("it gives no login") == 1
    assert PASSWORD not in log


def test_what_label_studio_sends_of_its_own_is_in_no_log(serving, bundle):
    with serving(bundle.path, *MOUNTED, program=("-m", "workbench", "--debug", "serve")) as server:
        body = {"schema": CONFIG, "project": "7.1", "access_token": "canary-1", "label_config": CONFIG, "tasks": [{}]}
        body["params"] = {"login": "canary-2", "password": "canary-3"}
        for path in ("setup", "predict", "webhook"):
            server.client.post(f"/label-studio/{path}", json=body)
        server.client.post("/label-studio/predict", json=body | {"tasks": None})
        server.client.post("/label-studio/setup", json=body | {"schema": "<View/>"})
        server.stop()
        assert "canary" not in server.process.stderr.read()


def test_a_webhook_may_give_the_secret_instead(guarded):
    def status(**headers):
        return guarded.client.post("/label-studio/webhook", json={"action": "NEWS"}, headers=headers).status_code

    assert status(**{SECRET: "hush"}) == status(**basic("studio", PASSWORD)) == 200
    assert status() == status(**{SECRET: "Hush"}) == status(**{SECRET: "hüsh".encode()}) == 401
    assert guarded.client.get("/label-studio/health", headers={SECRET: "hush"}).status_code == 401


def test_without_a_login_other_machines_are_not_answered(serving, bundle):
    with serving(bundle.path, *MOUNTED) as server:
        assert server.client.get("/label-studio/health").status_code == 200
        for client in ("10.1.2.3", "127.0.0.1"):  # what a proxy on this machine says, or its client
            assert server.client.get("/label-studio/health", headers={"x-forwarded-for": client}).status_code == 401
            assert server.client.get("/health", headers={"x-forwarded-for": client}).status_code == 200
        server.stop()
        assert (
            "it comes from another machine, or by a proxy, and WORKBENCH_LABELSTUDIO_USER"
            in server.process.stderr.read()
        )


def test_a_server_that_is_not_asked_for_them_has_none_of_these_routes(serving, bundle, monkeypatch):
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_PASWORD", "odd settings are nobody's business here")
    with serving(bundle.path) as server:
        assert server.client.get("/health").status_code == 200
        assert server.client.get("/jobs").json() == {}
        for path in ("", "/", "/health", "/setup", "/predict", "/webhook", "/train", "/job_status"):
            for method in ("GET", "POST"):
                assert server.client.request(method, f"/label-studio{path}").status_code == 404, path


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"USER": "a"}, "WORKBENCH_LABELSTUDIO_USER: is set alone"),
        ({"PASSWORD": "a"}, "WORKBENCH_LABELSTUDIO_PASSWORD: is set alone"),
        ({"USER": "a:b", "PASSWORD": "c"}, "the user has a colon"),
        ({"USER": "a", "PASSWORD": "密码"}, "a character that Label Studio cannot send"),
        (
            {"SECRET": "密码密码"},
            "WORKBENCH_LABELSTUDIO_SECRET: the secret has a character that Label Studio cannot send",
        ),
        ({"USER": "a", "PASSWORD": "b", "PASSWORD_FILE": "c"}, "_PASSWORD_FILE is set too"),
        ({"USER": "a", "PASSWORD_FILE": "/nowhere"}, "/nowhere cannot be read (No such file or directory)"),
        ({"SECRET_FILE": "/"}, "/ cannot be read"),
        ({"RECIPE": "a.toml"}, "WORKBENCH_LABELSTUDIO_RECIPE: is set alone"),
        ({"RUN": "a"}, "WORKBENCH_LABELSTUDIO_RUN: is set alone"),
        ({"RECIPE": "/nowhere.toml", "RUN": "a"}, "/nowhere.toml: there is no such recipe"),
        ({"QUIET": "soon"}, "WORKBENCH_LABELSTUDIO_QUIET: is 'soon'"),
        ({"QUIET": "-1"}, "WORKBENCH_LABELSTUDIO_QUIET: is '-1'"),
        ({"PASWORD": "a"}, "WORKBENCH_LABELSTUDIO_PASWORD: is no setting"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_odd_settings_end_the_start_with_one_line(bundle, monkeypatch, settings, why):
    for name, value in settings.items():
        monkeypatch.setenv(f"WORKBENCH_LABELSTUDIO_{name}", value)
    command = [sys.executable, "-m", "workbench", "serve", str(bundle.path), "--port", "0", *MOUNTED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1
