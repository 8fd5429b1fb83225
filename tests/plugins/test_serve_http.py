"""The HTTP interface of a real `workbench serve`: answers, odd input, limits, health and documentation."""

from __future__ import annotations

import json
import re

import pytest

import workbench
from workbench import open_bundle
from workbench_serve.schemas import PredictResponse

NO_INTEGERS = ("1e400", "NaN", '"many"', '"2"', "2.0", "true", "null", "[1]")
TEXTS = ["give me my money back", "我的快递到哪了", "where is my parcel"]


@pytest.fixture(scope="module")
def server(serving, bundle):
    limits = ("--max-texts", "50", "--max-characters", "300", "--max-bytes", "100000")
    with serving(bundle.path, "--threads", "2", *limits) as server:
        yield server


@pytest.fixture
def ask(server):
    """Send a body to /predict; every answer must be JSON, and none may come from a fault of the server."""

    def post(body: object):
        content = json.dumps(body) if isinstance(body, dict) else body
        response = server.client.post("/predict", content=content, headers={"content-type": "application/json"})
        assert response.status_code < 500, response.text
        return response.status_code, response.json()

    return post


def test_a_text_has_one_answer_that_is_the_predictors(ask, bundle):
    (expected,) = open_bundle(bundle.path).predict(["退款"], top=3)
    assert ask({"text": "退款"}) == (200, json.loads(json.dumps(expected.to_json())))


def test_a_list_has_a_list_of_answers_in_its_order(ask):
    status, answers = ask({"text": TEXTS, "top": 1})
    assert status == 200
    assert [answer["intents"] for answer in answers] == [["退款"], ["delivery"], ["delivery"]]
    assert all(len(answer["top"]) == 1 for answer in answers)
    assert ask({"text": TEXTS[:1]})[1] == [ask({"text": TEXTS[0]})[1]]


def test_an_empty_list_has_no_answers(ask):
    assert ask({"text": []}) == (200, [])


def test_answers_are_what_the_documented_model_says(ask):
    for answer in ask({"text": TEXTS})[1]:
        assert PredictResponse.model_validate(answer, strict=True).model_dump() == answer
        assert set(answer) == set(PredictResponse.model_fields)


@pytest.mark.parametrize(
    "text",
    [
        '"refund \\ud800"',
        '"\\udc00\\ud800 refund"',
        '"refund \\u0000"',
        '"refund 👩‍👩‍👧"',
        '"\\ud83d\\ude00 refund"',
        '"refund \\u202e\\ufeff"',
        '"<b>refund</b>"',
        '"&lt;refund&gt;"',
        '"\\u001b[31mrefund"',
        '"réfund refund ﷽"',
    ],
)
def test_odd_characters_are_answered(ask, text):
    status, answer = ask(f'{{"text": {text}}}')
    assert status == 200
    assert answer["intents"] == ["退款"]


@pytest.mark.parametrize("text", ["", " ", "\t\r\n", "\u200b\ufeff", "\x00", "<p>&nbsp;</p>"])
def test_a_blank_text_is_refused(ask, text):
    assert ask({"text": text}) == (422, {"detail": "the text: is blank"})
    assert ask({"text": ["refund", text]}) == (422, {"detail": "text 1: is blank"})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ("{", "the body is not JSON: Expecting property name enclosed in double quotes at character 1"),
        ("", "the body: Field required"),
        ("[]", 'the body: must be a JSON object, such as {"text": "Hello"}'),
        ("null", 'the body: must be a JSON object, such as {"text": "Hello"}'),
        ("{}", "text: Field required"),
        ('{"text": null}', "text: the value is not a string"),
        ('{"text": {"a": 1}}', "text: the value is not a string"),
        ('{"text": ["a", 5, "b"]}', "text: item 1 is not a string"),
        ('{"text": [["a"]]}', "text: item 0 is not a string"),
        ('{"text": "a", "topp": 1}', "the body: unknown key 'topp'; known: text, top"),
        ('{"text": "a", "\\ud800": 1}', "the body: unknown key '\\ud800'; known: text, top"),
        ('{"text": "a", "top": 0}', "top: Input should be greater than or equal to 1"),
        *((f'{{"text": "a", "top": {top}}}', "top: Input should be a valid integer") for top in NO_INTEGERS),
        (b"\xff\xfe{", "the body is not JSON: byte 2 is not utf-16-le"),
        (b'{"text": "\xff"}', "the body is not JSON: byte 10 is not utf-8"),
        (b"[" * 90_000, "the body is nested too deeply"),
        (b'{"text": ' + b"9" * 5000 + b"}", "the body has a number of too many digits"),
    ],
)
def test_a_body_that_asks_nothing_sensible_gets_one_line(ask, body, detail):
    assert ask(body) == (422, {"detail": detail})


def test_a_form_is_told_how_to_send_json(server):
    response = server.client.post("/predict", content='{"text": "refund"}')
    assert response.status_code == 422
    assert "Content-Type: application/json" in response.json()["detail"]


def test_too_many_texts_are_refused_with_the_limit(ask):
    assert ask({"text": ["refund"] * 50})[0] == 200
    detail = "the request has 51 texts, at most 50 are allowed. Send several smaller requests."
    assert ask({"text": ["refund"] * 51}) == (422, {"detail": detail})


def test_too_long_a_text_is_refused_with_the_limit(ask):
    assert ask({"text": "退" * 300})[0] == 200
    assert ask({"text": ["a", "退" * 301]}) == (422, {"detail": "text 1: has 301 characters, at most 300 are allowed"})


def test_too_large_a_body_is_refused_whether_it_says_so_or_not(ask):
    assert ask(b" " * 99_000 + b'{"text": "refund"}')[0] == 200
    declared = ask(b" " * 100_001)
    assert declared == (413, {"detail": "the request is too large: at most 100000 bytes are allowed"})
    assert ask(iter([b" " * 40_000] * 3)) == declared
    assert ask({"text": "refund"})[0] == 200


def test_the_input_is_never_echoed(ask):
    bodies = ({"text": [{"secret": 1}]}, {"text": "x", "top": "secret"}, '{"text": secret}', {"text": "secret" * 99})
    for body in bodies:
        assert "secret" not in json.dumps(ask(body)[1])


def test_health_names_the_bundle(server, bundle):
    assert server.client.get("/health").json() == {
        "status": "ok",
        "bundle": bundle.id,
        "intents": 2,
        "accepted": True,
        "version": workbench.__version__,
    }
    assert bundle.id in server.announcement


def test_the_documentation_page_needs_nothing_from_elsewhere(server):
    page = server.client.get("/docs")
    assert page.status_code == 200
    assert not re.findall(r"""(?:src|href|url)\s*[=:]\s*["'](?:https?:)?//""", page.text)
    for asset in re.findall(r"""(?:src|href)=["']([^"']+)["']""", page.text):
        answer = server.client.get(asset)
        assert answer.status_code == 200, asset
        assert len(answer.content) > 500, asset


def test_openapi_documents_the_question_the_answer_and_the_limits(server):
    openapi = server.client.get("/openapi.json").json()
    predict = openapi["paths"]["/predict"]["post"]
    assert set(predict["responses"]) == {"200", "413", "422", "500", "503"}
    schemas = openapi["components"]["schemas"]
    assert {"PredictRequest", "PredictResponse", "RankedIntent", "Health", "JobState", "Problem"} == set(schemas)
    fields = [about for schema in schemas.values() for about in schema["properties"].values()]
    assert [about for about in fields if not {"description", "$ref"} & set(about)] == []
    assert "At most 50 texts per request" in openapi["info"]["description"]
    for example in schemas["PredictRequest"]["examples"]:
        assert server.client.post("/predict", json=example).status_code == 200


def test_other_addresses_are_not_found(server):
    assert server.client.get("/nowhere").status_code == 404
    assert server.client.get("/predict").status_code == 405
    assert server.client.get("/static-offline-docs/../../../etc/passwd").status_code == 404
