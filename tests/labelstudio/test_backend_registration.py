"""`workbench labelstudio backend` at a real Label Studio: one entry, one webhook, and errors in its own words."""

from __future__ import annotations

import json
import time

import pytest

from tests.label_studio import TOKEN, free_port
from tests.labelstudio.backend import CONFIG, MOUNTED, job_of, said_of, until
from tests.labelstudio.harm import answer
from tests.labelstudio.proxy import Proxy
from workbench_labelstudio.live.events import HOOKED, PROJECT, SECRET

PASSWORD, HUSH = "open-sesame-7f3a", "hush, 52c1!"
FAILS = '[[import]]\nreader = "labelstudio"\nsource = "{project}"\ntext = "nowhere"\n'  # and needs no time for it


@pytest.fixture
def project(label_studio):
    return label_studio.project(CONFIG)


@pytest.fixture
def backend(label_studio, workbench, monkeypatch):
    """`backend(project, address, ...)` is click's result; its `told` is the JSON."""
    monkeypatch.setenv("LABEL_STUDIO_URL", label_studio.url)
    monkeypatch.setenv("LABEL_STUDIO_API_KEY", TOKEN)

    def run(*words):
        done = workbench("labelstudio", "backend", *words, "--json")
        done.told = json.loads(done.stdout) if done.exit_code == 0 else None
        assert "Traceback" not in done.output
        return done

    return run


@pytest.fixture
def guarded(monkeypatch):
    """`guarded(password, secret)` sets a login and a secret for what is started or called next; None takes it away."""

    def settings(password=PASSWORD, secret=HUSH):
        values = {"USER": password and "studio", "PASSWORD": password, "SECRET": secret}
        for name, value in values.items():
            monkeypatch.setenv(f"WORKBENCH_LABELSTUDIO_{name}", value or "")

    settings()
    return settings


@pytest.fixture
def trains(label_studio, project, monkeypatch, tmp_path):
    """A server started now retrains by a recipe that reads the project, and fails."""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(FAILS.format(project=project))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RECIPE", str(recipe))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_QUIET", "0.2")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def annotate(label_studio, project):
    """Submit an annotation of a new task."""
    with label_studio.http() as http:
        body = [{"正文": "退款"}]
        answer = http.post(f"/api/projects/{project}/import", params={"return_task_ids": "true"}, json=body)
        (task,) = answer.raise_for_status().json()["task_ids"]
        http.post(f"/api/tasks/{task}/annotations/", json={"result": []}).raise_for_status()


def read(label_studio, path, **params):
    with label_studio.http() as http:
        return http.get(f"/api/{path}", params=params).raise_for_status().json()


def test_it_is_registered_once_and_found_again_by_its_address(label_studio, backend, serving, bundle, project):
    with serving(bundle.path, *MOUNTED) as server:
        one = backend(project, server.client.base_url).told
        assert (one["done"], one["state"], one["version"], one["silent"]) == (
            "created",
            "Connected",
            f"words-{bundle.id}",
            "",
        )
        assert one["url"] == f"{str(server.client.base_url).rstrip('/')}/label-studio"
        again = backend(project, one["url"], "--title", "parcels").told
        assert (again["id"], again["done"]) == (one["id"], "updated")
        (entry,) = read(label_studio, "ml", project=project)
        (hook,) = read(label_studio, "webhooks/", project=project)
        assert (entry["url"], entry["title"], entry["state"]) == (one["url"], "parcels", "CO")
        assert hook["url"] == f"{one['url']}/webhook"
        assert not hook["send_payload"]
        assert not hook["send_for_all_actions"]
        assert set(hook["actions"]) == set(HOOKED)
        assert backend(project, server.client.base_url, "--remove").told["done"] == "removed"
        assert backend(project, server.client.base_url, "--remove").told["done"] == "nothing"
        assert read(label_studio, "ml", project=project) == read(label_studio, "webhooks/", project=project) == []


@pytest.mark.parametrize("fault", [answer(500, done=True), answer(502)], ids=["done", "not-done"])
def test_a_webhook_whose_response_is_lost_is_there_once(
    label_studio, backend, serving, bundle, project, fault, monkeypatch
):
    with serving(bundle.path, *MOUNTED) as server, Proxy(label_studio.url) as proxy:
        monkeypatch.setenv("LABEL_STUDIO_URL", proxy.url)
        backend(project, server.client.base_url)
        with label_studio.http() as http:
            (hook,) = read(label_studio, "webhooks/", project=project)
            http.delete(f"/api/webhooks/{hook['id']}/").raise_for_status()
        proxy.harm(fault, "POST", "/api/webhooks")
        assert backend(project, server.client.base_url).told["silent"] == ""
    (hook,) = read(label_studio, "webhooks/", project=project)
    assert hook["headers"] == {PROJECT: str(project)}


def test_another_model_that_is_asked_first_is_named(backend, serving, bundle, project):
    with serving(bundle.path, *MOUNTED) as first, serving(bundle.path, *MOUNTED) as second:
        before = backend(project, first.client.base_url).told
        after = backend(project, second.client.base_url).told
        assert (after["done"], after["others"]) == ("created", [before["url"]])


def test_a_new_task_is_opened_with_a_prediction(label_studio, backend, serving, bundle, project):
    with serving(bundle.path, *MOUNTED) as server:
        assert backend(project, server.client.base_url).told["shown"] == "intent-workbench"
        with label_studio.http() as http:
            http.post(f"/api/projects/{project}/import", json=[{"正文": "where is my parcel"}]).raise_for_status()
            task = http.get(f"/api/projects/{project}/next").json()
        (prediction,) = read(label_studio, f"tasks/{task['id']}")["predictions"]
    assert prediction["result"][0]["value"] == {"choices": ["delivery"]}  # by its alias
    assert prediction["score"] > 0.9
    assert prediction["model_version"] == f"words-{bundle.id}"


def test_the_secret_lets_events_in_where_there_is_a_login(
    label_studio, backend, serving, bundle, project, guarded, trains
):
    with serving(bundle.path, *MOUNTED) as server:
        server.client.auth = ("studio", PASSWORD)
        guarded(None, None)
        wrong = backend(project, server.client.base_url)
        assert wrong.exit_code == 1
        assert "authentication parameters" in wrong.stderr
        assert "WORKBENCH_LABELSTUDIO_PASSWORD" in wrong.stderr
        guarded(PASSWORD, None)
        silent = backend(project, server.client.base_url)
        assert "webhooks do not log in" in silent.told["silent"]
        assert read(label_studio, "webhooks/", project=project) == []
        guarded()
        heard = backend(project, server.client.base_url)
        assert (heard.told["silent"], heard.told["state"]) == ("", "Connected")
        (hook,) = read(label_studio, "webhooks/", project=project)
        assert hook["headers"] == {SECRET: HUSH, PROJECT: str(project)}
        assert read(label_studio, "ml", project=project)[0]["state"] == "CO"
        annotate(label_studio, project)
        job = until(lambda: (job := job_of(server.client))["state"] == "failed" and job)
        assert job["why"] == "ANNOTATION_CREATED"
        server.stop()
        log = server.process.stderr.read()
        assert "no login" in log  # of the first call, and of the webhook that Label Studio makes by itself
        assert PASSWORD not in (outputs := log + wrong.output + silent.output + heard.output)
        assert HUSH not in outputs


@pytest.mark.parametrize("secret", [None, HUSH], ids=["open", "secret"])
def test_an_annotation_and_the_button_start_a_training(
    label_studio, backend, serving, bundle, project, trains, monkeypatch, secret
):
    if secret:
        monkeypatch.setenv("WORKBENCH_LABELSTUDIO_SECRET", secret)
    with serving(bundle.path, *MOUNTED) as server:
        entry = backend(project, server.client.base_url).told["id"]
        assert job_of(server.client)["state"] == "idle"
        annotate(label_studio, project)
        job = until(lambda: (job := job_of(server.client))["state"] == "failed" and job)
        assert (job["why"], job["bundle"]) == ("ANNOTATION_CREATED", bundle.id)
        assert "nowhere" in job["message"]
        with label_studio.http() as http:
            http.post(f"/api/ml/{entry}/train", json={}).raise_for_status()
        until(lambda: (job := job_of(server.client))["state"] == "failed" and job["why"] == "START_TRAINING")


def test_events_of_a_project_that_the_recipe_does_not_read_train_nothing(
    label_studio, backend, serving, bundle, project, trains
):
    other = label_studio.project(CONFIG)
    with serving(bundle.path, *MOUNTED) as server:
        entry = backend(other, server.client.base_url).told["id"]
        annotate(label_studio, other)
        with label_studio.http() as http:
            http.post(f"/api/ml/{entry}/train", json={}).raise_for_status()
        state, said = said_of(label_studio, entry)
        assert (state, f"does not read project {other}" in said) == ("ER", True), said
        time.sleep(1)  # five times as long as it waits for more events
        assert job_of(server.client)["state"] == "idle"
        assert backend(project, server.client.base_url).told["state"] == "Connected"
        annotate(label_studio, project)
        until(lambda: job_of(server.client)["state"] == "failed")


def test_a_project_of_other_intents_is_refused_in_words(label_studio, backend, serving, bundle):
    other = label_studio.project(CONFIG.replace("delivery", "a").replace("退款", "乙"))
    with serving(bundle.path, *MOUNTED) as server:
        done = backend(other, server.client.base_url)
    assert done.exit_code == 1
    assert "no control of the label config has a label of the model's 2 intents: delivery, 退款" in done.stderr
    assert "add them to its label config" in done.stderr
    assert read(label_studio, "ml", project=other) == []


@pytest.mark.parametrize(
    ("address", "code", "why"),
    [
        ("http://127.0.0.1:{free}", 1, "Is `workbench serve --with label-studio` up"),
        ("http://nowhere.invalid", 1, "Can't resolve hostname nowhere.invalid. Give an address that is known"),
        ("{studio}", 1, "404"),
        ("ftp://127.0.0.1", 2, "no http or https URL"),
        ("127.0.0.1:8080", 2, "URL"),
    ],
    ids=["nobody", "no-host", "no-backend", "ftp", "no-scheme"],
)
def test_an_address_without_a_bundle_ends_in_one_line(label_studio, backend, project, address, code, why):
    done = backend(project, address.format(free=free_port(), studio=label_studio.url))
    assert done.exit_code == code, done.output
    assert why in done.stderr.splitlines()[-1]
    assert read(label_studio, "ml", project=project) == []


def test_settings_and_options_that_cannot_be_are_refused(backend, project, monkeypatch):
    assert backend(project, "http://127.0.0.1:9", "--title", " ").exit_code == 2
    monkeypatch.setenv("WORKBENCH_LABELSTUDIO_USER", "a")
    assert "WORKBENCH_LABELSTUDIO_USER: is set alone" in backend(project, "http://127.0.0.1:9").stderr
