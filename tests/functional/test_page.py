"""The page in a real browser, held to its policy and to axe-core's rules."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from conftest import Package, Serve, Served
from drifted import read_test_rows, shift, to_instances
from pipelines import CREDIT
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright
from server import UNLIMITED, Server
from traffic import TYPICAL

from service.web.access.key_file import Scope, create_key

CHROMIUM = shutil.which("chromium")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()

# No window of drift ends within a test.
ENDLESS = {"SERVICE_DRIFT_WINDOW_SECONDS": str(10**9), "WEB_CONCURRENCY": "1"}

# What a browser says on its console of each answer that is no success.
NO_SUCCESS = "Failed to load resource"

PHONE: ViewportSize = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def server(serve_module: Serve) -> Server:
    return serve_module(CREDIT, **UNLIMITED, **ENDLESS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that was opened, and what its console said."""

    page: Page
    said: list[str] = field(default_factory=list)

    def enter_key(self, key: str) -> None:
        self.page.get_by_label("API key", exact=True).fill(key)

    def predict(self) -> None:
        self.page.get_by_role("button", name="Predict").click()

    def show_figures(self) -> None:
        self.page.get_by_role("button", name="Show figures and drift").click()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """Open the page; it must break neither its policy nor its scripts."""
    context = browser.new_context(reduced_motion="reduce")
    visit = Visit(context.new_page())
    visit.page.on("console", lambda message: visit.said.append(message.text))
    visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
    visit.page.goto(server.url)
    yield visit
    context.close()
    assert [said for said in visit.said if NO_SUCCESS not in said] == []


def read_raw(page: Page) -> dict[str, Any]:
    """Return the answer as it came."""
    return dict(json.loads(page.locator("#answer pre").text_content() or ""))


def test_the_example_is_answered_as_in_training_and_by_both_commands(
    visit: Visit, server: Server
) -> None:
    visit.enter_key(server.key)
    visit.predict()
    expect(visit.page.locator("#answer .label")).to_have_text("good")
    expect(visit.page.locator("#answer")).to_contain_text("0.821315")
    predictions = read_raw(visit.page)["predictions"]
    assert predictions == [TYPICAL["prediction"]]
    programs = {"curl": ["bash", "-c"], "python": [sys.executable, "-c"]}
    for name, program in programs.items():
        command = visit.page.locator(f"#{name}").inner_text()
        assert server.key not in command
        done = subprocess.run(
            [*program, command],
            env={"MODEL_SERVICE_KEY": server.key, "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout)["predictions"] == predictions


def test_what_is_refused_stands_at_its_field(visit: Visit, server: Server) -> None:
    visit.enter_key(server.key)
    for name, wrong in (("Age", "12"), ("Income", "much")):
        visit.page.get_by_label(name).fill(wrong)
    visit.predict()
    for name, message in (
        ("Age", "must be between 18 and 120"),
        ("Income", "must be a number"),
    ):
        input_ = visit.page.get_by_label(name)
        expect(input_).to_have_attribute("aria-invalid", "true")
        expect(input_).to_have_accessible_description(re.compile(message))
        expect(visit.page.get_by_role("alert")).to_contain_text(f"{name} {message}")
    expect(visit.page.get_by_label("Age")).to_be_focused()
    visit.page.get_by_label("Age").press("Control+a")
    visit.page.keyboard.type("69")
    visit.page.get_by_label("Income").fill("")
    visit.page.keyboard.press("Enter")
    expect(visit.page.get_by_role("status").first).to_contain_text("observed")
    expect(visit.page.locator("[aria-invalid]")).to_have_count(0)
    expect(visit.page.get_by_role("alert")).to_be_empty()
    age = visit.page.get_by_label("Age")
    expect(age).to_have_accessible_description(re.compile("outside the range observed"))


def test_what_is_typed_is_what_is_sent(visit: Visit) -> None:
    """A number keeps its digits, and a text stays a text, in both commands."""
    quoted = """a'b"c\\n ü"""
    for name, value in (("Age", "9007199254740993"), ("Income", "1e2")):
        visit.page.get_by_label(name).fill(value)
    for name, value in (("Job", "12"), ("Home", quoted)):
        visit.page.get_by_role("combobox", name=name).fill(value)
    visit.page.get_by_label("Marital is null").check()
    visit.page.get_by_label("Debt").fill("")
    sent = '"Age":9007199254740993,"Marital":null,'
    for name in ("curl", "python"):
        command = visit.page.locator(f"#{name}").inner_text()
        assert sent in command
        assert '"Income":1e2,' in command
        assert '"Debt":null,' in command
        assert '"Job":"12",' in command
        assert read_home(name, command) == quoted


def read_home(name: str, command: str) -> str:
    """Return the home that a command sends, as its shell or Python reads it."""
    if name == "curl":
        script = f'curl() {{ printf %s "${{@: -1}}"; }}\n{command}'
        program = ["bash", "-c", script]
    else:
        body = command.split("predict',\n    ", 1)[1].split(".encode()", 1)[0]
        program = [sys.executable, "-c", f"print({body})"]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return str(json.loads(done.stdout)["instances"][0]["Home"])


def test_figures_and_drift_are_shown_and_whoever_cannot_see_can_read_them(
    visit: Visit, server: Server
) -> None:
    rows = to_instances(shift(read_test_rows())[:600])
    assert server.predict(rows).status_code == 200
    visit.enter_key(server.key)
    visit.page.get_by_label("Age").fill("x")
    visit.predict()
    expect(visit.page.get_by_role("alert")).not_to_be_empty()
    visit.show_figures()
    charts = visit.page.locator("#drift-figures .chart")
    expect(charts).to_have_count(len(TYPICAL["instance"]) + 1)
    for index in range(charts.count()):
        bars = charts.nth(index).locator("rect.bar-now")
        assert max(float(bar.get_attribute("height") or 0) for bar in bars.all()) > 30
    home = charts.filter(has=visit.page.get_by_role("heading", name="Home large"))
    home.get_by_text("Figures of Home").click()
    unseen = home.get_by_role("row").filter(has_text="unseen")
    figures = server.client.get("/v1/drift").json()["current"]["features"]
    [share] = [each["unseen_rate"] for each in figures if each["name"] == "Home"]
    expect(unseen).to_contain_text(f"{100 * share:.3g} %")
    live = visit.page.locator("#live-figures")
    for shown in ("plan", "/v1/predict", "1 of 1", "contract"):
        expect(live).to_contain_text(shown)
    expect(visit.page.locator("#version-figures")).to_contain_text("auc")
    check_looks(visit.page)


def check_looks(page: Page) -> None:
    """Hold what is shown to axe-core's rules, and to the width of a phone.

    Colours are all that the dark scheme changes.
    """
    page.evaluate(AXE)
    assert find_violations(page, {}) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(PHONE)
    assert find_violations(page, {"runOnly": ["color-contrast"]}) == []
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def find_violations(page: Page, options: dict[str, Any]) -> list[Any]:
    """Return what axe-core finds wrong, which is all that it is asked to list."""
    options = {"resultTypes": ["violations"], **options}
    found = page.evaluate("options => axe.run(options)", options)
    return [(each["id"], each["impact"]) for each in found["violations"]]


@pytest.mark.parametrize(
    ("scope", "opened", "closed"),
    [
        ("predict", "#version-figures", "#live-figures"),
        ("metrics", "#live-figures", "#version-figures"),
    ],
)
def test_a_key_opens_what_its_scope_opens(
    visit: Visit, server: Server, scope: Scope, opened: str, closed: str
) -> None:
    visit.enter_key(create_key(server.keys_file, f"only-{scope}", (scope,)))
    server.wait_for_each_worker("keys_read")
    visit.show_figures()
    expect(visit.page.locator("#figures-state")).to_contain_text("As of")
    expect(visit.page.locator(closed)).to_contain_text("does not have the scope")
    expect(visit.page.locator(opened)).not_to_contain_text("have the scope")


def test_a_key_is_wanted_and_never_kept(visit: Visit, server: Server) -> None:
    visit.predict()
    expect(visit.page.get_by_role("alert")).to_contain_text("An API key is needed")
    expect(visit.page.get_by_label("API key", exact=True)).to_be_focused()
    visit.enter_key("msk_0_x")
    visit.predict()
    expect(visit.page.get_by_role("alert")).to_contain_text("A valid API key is needed")
    visit.enter_key(server.key)
    visit.page.keyboard.press("Enter")
    visit.predict()
    expect(visit.page.locator("#answer")).to_contain_text("good")
    kept = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
    assert visit.page.evaluate(kept) == '[{},{},""]'
    assert visit.page.url == f"{server.url}/"
    visit.page.reload()
    expect(visit.page.get_by_label("API key", exact=True)).to_have_value("")


def test_contributions_are_shown_or_why_there_are_none(
    visit: Visit, server: Server, served: Served
) -> None:
    visit.enter_key(server.key)
    visit.page.get_by_label("Explain").check()
    visit.predict()
    answer = visit.page.locator("#answer")
    expect(answer).to_contain_text("HistGradientBoostingClassifier is no linear model")
    linear = served("wine")
    visit.page.goto(linear.url)
    visit.enter_key(linear.key)
    visit.page.get_by_label("Explain").check()
    expect(visit.page.locator("#python")).to_contain_text('"explain":true')
    visit.predict()
    table = answer.get_by_role("table", name="Contributions to the score of barolo")
    parts = read_raw(visit.page)["explanations"][0]["barolo"]["contributions"]
    largest = max(parts, key=lambda name: abs(parts[name]))
    expect(table.get_by_role("row").nth(1)).to_contain_text(largest)
    expect(table.get_by_role("row")).to_have_count(1 + len(parts))


def test_without_scripts_the_page_is_read_and_its_form_rests(
    browser: Browser, server: Server
) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(server.url)
    expect(page.get_by_role("row").filter(has_text="Age")).to_contain_text("18 to 120")
    expect(page.get_by_text("Without JavaScript")).to_be_visible()
    expect(page.get_by_label("API key", exact=True)).to_be_disabled()
    expect(page.locator("#curl")).to_contain_text('"Age":36')
    context.close()


def test_a_tensor_is_entered_as_json(
    browser: Browser, serve: Serve, packaged: Package
) -> None:
    server = serve(packaged("tensors"), **UNLIMITED, **ENDLESS)
    page = browser.new_page()
    visit = Visit(page)
    page.goto(server.url)
    visit.enter_key(server.key)
    image, alert = page.get_by_label("image", exact=True), page.get_by_role("alert")
    shown = image.input_value()
    expect(page.locator("#curl")).to_contain_text(f'"image":{shown}')
    visit.predict()
    expect(page.locator("#answer .label")).to_have_text(re.compile(r"\d"))
    rows = json.loads(shown)
    rows[2][5] = None
    for text, message in (
        (json.dumps(rows), r"\[2\]\[5\] must not be null"),
        ('{"b64": "AAAA"}', r"\.b64 must be 256 bytes"),
        ("[[1]]", "must have 8 elements"),
        ("", "must not be null"),
    ):
        image.fill(text)
        visit.predict()
        expect(alert).to_contain_text(re.compile(f"image ?{message}"))
        expect(image).to_have_accessible_description(re.compile(message))
        expect(image).to_be_focused()
    image.fill("[[1,")
    visit.predict()
    expect(alert).to_contain_text("is not JSON")
    page.close()
