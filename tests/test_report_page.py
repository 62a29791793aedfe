"""The HTML report in a real browser: Chromium, as Debian packages it, or as Playwright installs it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from reporting import EVIL, evil, many, one_of_each

from policy.reports.formats import renderer
from policy.reports.report import Report

playwright = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.slow

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@dataclass
class Opened:
    """A page, and all that it complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        try:
            # As root, as in CI, Chromium does not start in its sandbox.
            found = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except playwright.Error as error:
            if os.environ.get("ENI_GUARD_BROWSER") == "required":
                raise
            pytest.skip(f"no Chromium: {str(error).splitlines()[0]}")
        yield found
        found.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    context = browser.new_context()

    def open_(report: Report) -> Opened:
        file = tmp_path / "report.html"
        file.write_text(renderer("html")(report), encoding="utf-8")
        shown = Opened(context.new_page())
        shown.page.on("console", lambda message: shown.complaints.append(message.text))
        shown.page.on("pageerror", lambda error: shown.complaints.append(str(error)))
        shown.page.on("dialog", lambda dialog: shown.complaints.append(f"dialog {dialog.message}"))
        shown.page.on(
            "request", lambda request: request.url.startswith("file:") or shown.complaints.append(request.url)
        )
        shown.page.goto(file.as_uri())
        return shown

    yield open_
    context.close()


def test_it_loads_without_a_word_and_folds(opened: Any) -> None:
    shown = opened(one_of_each())
    finding = shown.page.locator(".finding").first
    picture = finding.get_by_role("img")
    assert not picture.is_visible()
    finding.locator("summary").first.click()
    assert picture.is_visible()
    assert "AWSLambdaVPCAccessExecutionRole lets the code call" in (picture.get_attribute("aria-label") or "")
    witness = finding.get_by_label("Request")
    assert not witness.is_visible()
    finding.locator("details.witness summary").click()
    assert "lambda:SourceFunctionArn" in witness.inner_text()
    assert shown.complaints == []


def test_the_open_way_is_red_the_guard_green_and_the_unknown_dashed(opened: Any) -> None:
    page = opened(one_of_each()).page
    page.locator(".finding summary").first.click()

    def style(kind: str, name: str) -> str:
        script = "([kind, name]) => { const p = document.createElementNS('http://www.w3.org/2000/svg', 'path');"
        script += "p.setAttribute('class', `wire ${kind}`); document.querySelector('svg').append(p);"
        script += "return getComputedStyle(p)[name]; }"
        return str(page.evaluate(script, [kind, name]))

    red, green = (tuple(map(int, style(kind, "stroke")[4:-1].split(","))) for kind in ("open", "guard"))
    assert red[0] > 2 * max(red[1:])
    assert green[1] > 2 * green[0]
    assert style("unknown", "strokeDasharray") != "none"
    assert style("open", "strokeDasharray") == "none"


def test_it_filters(opened: Any) -> None:
    page = opened(one_of_each()).page
    count = page.locator("#count")
    assert count.inner_text() == "6 of 6"
    page.get_by_label("Level").select_option("advisory")
    assert count.inner_text() == "3 of 6"
    page.get_by_label("Kind").select_option("not judged")
    assert count.inner_text() == "1 of 6"
    page.get_by_label("Level").select_option("")
    page.get_by_label("Kind").select_option("")
    page.get_by_label("exempt ones too").uncheck()
    assert count.inner_text() == "5 of 6"
    page.get_by_label("Text").fill("no such finding")
    assert count.inner_text() == "0 of 6"
    page.get_by_label("Text").fill("FINANCE-role half-right")
    assert count.inner_text() == "4 of 6"


def test_it_copies_the_fix(opened: Any) -> None:
    page = opened(one_of_each()).page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    finding = page.locator(".finding").first
    finding.locator("summary").first.click()
    finding.get_by_role("button", name="Copy the fix").first.click()
    finding.get_by_role("button", name="Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == one_of_each().items[0].fixes[0]


def test_a_name_stays_text(opened: Any) -> None:
    shown = opened(evil())
    for summary in shown.page.locator("summary").all():
        summary.click()
    page = shown.page
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2
    assert EVIL.split("\n")[0] in page.locator(".finding").first.inner_text()
    assert shown.complaints == []


def test_a_name_stays_text_in_findings_that_come_later(opened: Any) -> None:
    from dataclasses import replace

    report = many(300)
    last = replace(report.items[-1], urn=f"urn:pulumi:dev::p::t::{EVIL}", message=EVIL, stack=EVIL)
    shown = opened(replace(report, items=[*report.items, last]))
    shown.page.get_by_label("Text").fill("onerror")
    finding = shown.page.locator(".finding").first
    finding.locator("summary").first.click()
    assert EVIL.split("\n")[0] in finding.inner_text()
    assert shown.page.locator("img").count() == 0
    assert shown.complaints == []


def test_ten_thousand_findings_are_all_there_and_few_are_elements(opened: Any) -> None:
    shown = opened(many(10_000))
    page = shown.page
    assert page.locator("#count").inner_text() == "10000 of 10000"
    assert page.locator(".finding").count() == 200
    page.get_by_role("button", name="Show more").click()
    assert page.locator(".finding").count() == 400
    page.get_by_label("Text").fill("role-9876-")
    assert page.locator("#count").inner_text() == "1 of 10000"
    assert "role-9876-" in page.locator(".finding").inner_text()
    # One of each portion, and the last of all.
    page.get_by_label("Text").fill("99-")
    found = page.locator(".finding").all_text_contents()
    assert len(found) == 100
    assert all("99-" in text for text in found)
    assert "role-9999-" in found[-1]
    assert shown.complaints == []


def test_it_is_usable_with_the_keyboard_and_labelled(opened: Any) -> None:
    page = opened(one_of_each()).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the findings"
    page.locator("#exempt").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(".finding details").first.evaluate("element => element.open")
    unlabelled = "Array.from(document.querySelectorAll('input, select')).filter((e) => !e.labels.length).length"
    assert page.evaluate(unlabelled) == 0
    assert page.evaluate("document.documentElement.lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_have_contrast(opened: Any, scheme: str) -> None:
    page = opened(one_of_each()).page
    page.emulate_media(color_scheme=scheme)
    script = """names => {
      const light = (text) => text.match(/[\\d.]+/g).slice(0, 3).map(Number).map((c) => c / 255)
        .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
      const back = light(getComputedStyle(document.body).backgroundColor);
      return names.map((name) => {
        const text = light(getComputedStyle(document.querySelector(name)).color);
        return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
      });
    }"""
    names = ["body", "header p", ".mandatory", ".advisory", ".level.exempt", ".figures dt"]
    # WCAG 2.2, 1.4.3: 4.5 to 1.
    assert all(ratio >= 4.5 for ratio in page.evaluate(script, names))


def test_on_paper_everything_is_unfolded_and_controls_are_gone(opened: Any) -> None:
    page = opened(one_of_each()).page
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".finding details:not([open])").count() == 0
    assert not page.locator("form").is_visible()


def test_it_fits_a_phone(opened: Any) -> None:
    page = opened(one_of_each()).page
    page.set_viewport_size({"width": 360, "height": 700})
    page.locator(".finding summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
