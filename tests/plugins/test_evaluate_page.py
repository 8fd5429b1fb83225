"""The whole page in a real browser: both widths, both languages, no overflow, no error, no request."""

from __future__ import annotations

import shutil

import pytest

from tests.run_folder import full_run, story
from workbench.nouns.dataset import Dataset
from workbench.nouns.utterance import Utterance
from workbench.report.page import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
INTENTS = (
    "balance_not_updated_after_cheque_or_cash_deposit",
    "投诉问题",
    "<script>document.title='hacked'</script>",
    "x" * 90,
    *(f"intent_number_{n}" for n in range(8)),
)
TEXTS = (
    'where is my <b>parcel</b> & "order" {n}',
    "我的快递{n}到哪了",
    "</section><script>document.title='hacked'</script>{n}",
    "a" * 300 + "{n}",
    "\u202ereversed {n}",
    "<img src=http://127.0.0.1:9/x onerror=document.title='hacked'>{n}",
)


@pytest.fixture(scope="module")
def browser():
    sync_api = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("chromium is not installed")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def report(host, tmp_path_factory):
    rows = []
    for number, intent in enumerate(INTENTS):
        for n in range(24):
            text = TEXTS[(n + number) % len(TEXTS)].format(n=n)
            rows.append(Utterance(f"{number}-{n}", text, text, (intent,), split=("train", "dev", "test")[n % 3]))
    dataset = Dataset("intent", INTENTS, tuple(rows), counts={"labelstudio-export": {"skipped": 150, "blank": 3}})
    shares = {"names": 0.62, "probe": 0.8, "finetune": 0.9, "bundle": 0.88}
    return write_report(host, full_run(tmp_path_factory.mktemp("runs") / "客服", dataset, story(host, dataset, shares)))


@pytest.fixture
def opened(browser, report):
    """`opened(width=390, locale="zh-CN")` is the page; whatever the browser complains of or asks for fails the test."""
    contexts, seen = [], []

    def open_page(*, width=1280, **more):
        contexts.append(browser.new_context(viewport={"width": width, "height": 844}, **more))
        page = contexts[-1].new_page()
        page.on("console", lambda message: seen.append(message.text))
        page.on("pageerror", lambda error: seen.append(str(error)))
        page.on("request", lambda request: request.url.startswith(("file:", "data:")) or seen.append(request.url))
        page.goto(report.as_uri(), wait_until="networkidle")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert seen == []


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_never_scrolls_sideways(opened, width, locale):
    page = opened(width=width, locale=locale)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.querySelectorAll('section').length") == 7


def test_wide_tables_scroll_in_their_own_box(opened):
    page = opened(width=390)
    heat = page.locator(".scroll", has=page.locator(".heat"))
    assert heat.evaluate("box => box.scrollWidth > box.clientWidth")
    outside = page.evaluate("""[...document.querySelectorAll('section *')].filter(
        e => !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth).length""")
    assert outside == 0


@pytest.mark.parametrize(
    ("locale", "shown", "hidden"),
    [
        ("en-GB", "Before and after", "前后对比"),
        ("zh-TW", "前后对比", "Before and after"),
    ],
)
def test_the_page_starts_in_the_browsers_language(opened, locale, shown, hidden):
    page = opened(locale=locale)
    assert page.get_by_role("heading", name=shown).is_visible()
    assert not page.get_by_role("heading", name=hidden).is_visible()


def test_the_switch_changes_the_language_and_back(opened):
    page = opened(locale="en-US")
    page.get_by_role("button", name="中文").click()
    assert page.locator("html").get_attribute("lang") == "zh"
    assert page.get_by_role("heading", name="压缩与质量门禁").is_visible()
    assert page.get_by_role("button", name="中文").get_attribute("aria-pressed") == "true"
    assert not page.get_by_text("Compression and gate").first.is_visible()
    page.get_by_role("button", name="English").click()
    assert page.get_by_role("heading", name="Compression and gate").is_visible()


def test_without_scripts_it_is_english_and_has_no_switch(opened):
    page = opened(locale="zh-CN", java_script_enabled=False)
    assert page.get_by_role("heading", name="Before and after").is_visible()
    assert page.get_by_text("前后对比").count() > 0
    assert not page.get_by_text("前后对比").first.is_visible()


def test_hostile_texts_are_text(opened):
    page = opened()
    assert page.title() == "客服 · intent-workbench"
    assert page.evaluate("document.querySelectorAll('main script, main img, main b').length") == 0
    assert page.get_by_text("<script>document.title='hacked'</script>").first.is_visible()


def test_every_table_has_a_caption_and_header_cells_with_scope(opened):
    page = opened()
    assert page.evaluate("[...document.querySelectorAll('table')].filter(t => !t.caption).length") == 0
    assert page.evaluate("document.querySelectorAll('th:not([scope])').length") == 0
    assert page.evaluate("document.querySelectorAll('h1').length") == 1
    assert (
        page.evaluate("""[...document.querySelectorAll('[aria-labelledby]')].filter(
        e => !document.getElementById(e.getAttribute('aria-labelledby'))).length""")
        == 0
    )
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


CONTRAST = """() => {
    const channel = c => (c /= 255) <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
    const parse = text => text.match(/[\\d.]+/g).map(Number);
    const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map(i => top[i] * a + below[i] * (1 - a)); };
    const light = c => .2126 * channel(c[0]) + .7152 * channel(c[1]) + .0722 * channel(c[2]);
    const ground = e => e ? over(parse(getComputedStyle(e).backgroundColor), ground(e.parentElement)) : [255, 255, 255];
    const poor = [];
    for (const e of document.querySelectorAll('body *')) {
        const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!text || !e.checkVisibility() || ['SCRIPT', 'STYLE'].includes(e.tagName)) continue;
        const back = ground(e), fore = over(parse(getComputedStyle(e).color), back);
        const [high, low] = [light(fore), light(back)].sort((a, b) => b - a);
        const ratio = (high + .05) / (low + .05);
        if (ratio < 4.5) poor.push(`${e.className || e.tagName} ${e.textContent.slice(0, 20)} ${ratio.toFixed(2)}`);
    }
    return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_has_the_contrast_of_wcag_aa(opened, scheme):
    assert opened(color_scheme=scheme).evaluate(CONTRAST) == []
