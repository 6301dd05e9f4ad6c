"""The page in a browser, in each of its states: nothing is forbidden by its policy, fetched from elsewhere,
or out of reach of anybody. With BESTGUESS_SCREENSHOTS=FOLDER every state is left there as a picture."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from tests.agent.chat.conftest import SCRIPT
from tests.agent.chat.filled import add, served
from tests.agent.chat.web_server import WebServer

from bestguess.agent.chat.session import Session
from bestguess.agent.reports.found import Wanted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PATIENCE_S = 180
"""For a page on a busy machine."""

WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation",
  (event) => window.violations.push(`${event.violatedDirective} ${event.sourceFile}:${event.columnNumber}`));
window.shifts = [];
new PerformanceObserver((list) => list.getEntries().forEach(
  (entry) => { if (!entry.hadRecentInput) window.shifts.push(entry.value); }
)).observe({ type: "layout-shift", buffered: true });
"""
BYTES = "performance.getEntriesByType('resource').reduce((sum, each) => sum + each.decodedBodySize, 0)"
WIDTHS = {"desk": (1440, 900), "laptop": (1280, 900), "phone": (390, 844)}
TABS = ("overview", "trials-tab", "parameters", "surrogate", "model", "report")


@pytest.fixture
def look(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open a session's page; when the test is over, nothing that it must not do was done there."""
    pictures = Path(os.environ.get("BESTGUESS_SCREENSHOTS", tmp_path / "pictures"))
    pictures.mkdir(exist_ok=True, parents=True)
    problems: list[str] = []
    pages: list[Any] = []
    asked: list[tuple[str, str]] = []

    def open_page(server: WebServer, width: str = "desk", scheme: str = "light") -> Any:
        size = dict(zip(("width", "height"), WIDTHS[width], strict=True))
        context = browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.add_init_script(WATCH)
        page.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda sent: asked.append((server.address, sent.url)))
        page.set_default_timeout(1000 * PATIENCE_S)
        page.goto(server.url)
        page.shoot = lambda name: page.screenshot(path=str(pictures / f"{name}.png"))
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        assert page.evaluate("window.violations") == []
        assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
        page.context.close()
    assert problems == []
    assert [url for address, url in asked if not url.startswith(f"http://{address}/")] == []


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    yield from _server(tmp_path_factory.mktemp("filled"), 48)


@pytest.fixture(scope="module")
def of_two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    wanted = "/metrics val_loss=minimize latency_ms=minimize"
    yield from _server(tmp_path_factory.mktemp("of_two"), 30, metrics=wanted)


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    yield from _server(tmp_path_factory.mktemp("thousand"), 1000)


def _server(folder: Path, count: int, **how: Any) -> Iterator[WebServer]:
    (folder / "train.py").write_text(SCRIPT)
    server = WebServer(served(folder, count, **how))
    yield server
    server.close()


@pytest.fixture
def empty(folder: Path) -> Iterator[WebServer]:
    (folder / "notes.py").write_text("print('nothing to tune')\n")
    server = WebServer(Session(folder, seed=0))
    yield server
    server.close()


@pytest.fixture
def resumed(folder: Path) -> Iterator[WebServer]:
    with_card = Session(folder, seed=0)
    with_card.say("tune train.py")
    assert with_card.pending
    with_card.close()
    server = WebServer(Session(folder, seed=0, resume=True))
    yield server
    server.close()


def drawn(page: Any, figure: str) -> Any:
    """Wait until a figure is drawn and return it."""
    chart = page.locator(f"[data-figure={figure}]:visible")
    chart.locator(".main-svg").first.wait_for()
    page.wait_for_timeout(400)
    return chart


def until(true: Callable[[], bool]) -> None:
    """Wait until something is true: what playwright has for it would be code that the policy forbids."""
    ends = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.01)


def _more(page: Any, script: str, before: int) -> bool:
    return bool(page.evaluate(script) > before)


def serious(page: Any) -> list[str]:
    """Return what axe finds serious on a page as it is."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    found = axe.Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_from_nothing_to_a_study_that_runs(
    empty: WebServer, look: Callable[..., Any], width: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SCRIPT.replace("time.sleep(args.nap_s)", "time.sleep(0 if args.lr == 0.01 else 1)")
    (empty.session.bench.folder / "train.py").write_text(slow)
    page = look(empty, width)
    page.get_by_role("button", name="tune train.py").wait_for()
    page.shoot(f"{width}-1-empty")
    assert serious(page) == []
    page.get_by_role("button", name="tune train.py").click()
    yes = page.get_by_role("button", name="always for this session")
    yes.wait_for()
    page.shoot(f"{width}-2-drafted-card")
    assert serious(page) == []
    yes.click()
    page.locator("#standing", has_text="of 1").wait_for()
    assert page.get_by_role("button", name="Pause").is_disabled()
    page.get_by_role("button", name="Run", exact=True).click()
    stop = page.get_by_role("button", name="Stop trial")
    stop.first.wait_for()
    drawn(page, "history")
    page.shoot(f"{width}-3-running")
    assert page.get_by_role("button", name="Pause").is_enabled()
    page.get_by_role("button", name="Pause").click()
    page.locator("#left", has_text="paused").wait_for()
    assert page.get_by_role("button", name="Resume").is_enabled()


@pytest.mark.parametrize("width", WIDTHS)
def test_every_tab_is_drawn_and_everybody_can_use_it(
    filled: WebServer, look: Callable[..., Any], width: str
) -> None:
    page = look(filled, width)
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
        for figure in {
            "overview": ("history",),
            "parameters": ("importance", "effect", "parallel"),
            "surrogate": ("surface", "predictions"),
        }.get(tab, ()):
            drawn(page, figure)
        if tab == "report":
            page.get_by_text("Who proposed what").wait_for()
        page.shoot(f"{width}-4-{tab}")
        assert serious(page) == [], tab


@pytest.mark.parametrize("width", WIDTHS)
def test_tables_of_answers_keep_their_words_whole_and_are_scrolled_by_keys(
    filled: WebServer, look: Callable[..., Any], width: str
) -> None:
    page = look(filled, width)
    if width == "phone":
        page.locator("#tab-talk").click()
    for words in ("/space", "/why 3", "/best"):
        page.locator("#text").fill(words)
        before = page.locator("article.answer").count()
        page.locator("#text").press("Enter")
        until(partial(_more, page, "document.querySelectorAll('article.answer').length", before))
        page.shoot(f"{width}-16-table-{words[1:4]}")
    assert page.locator("article .wide[tabindex='0'] table").count() > 1
    assert (
        page.evaluate(
            "Math.max(...[...document.querySelectorAll('article tr')].map((row) => row.offsetHeight))"
        )
        < 200
    )
    assert serious(page) == []


def test_figures_are_looked_into_by_pointer(filled: WebServer, look: Callable[..., Any]) -> None:
    page = look(filled, "laptop")
    box = drawn(page, "history").locator(".plot").bounding_box()
    for share in range(1, 40):  # whatever lies there says what it is
        page.mouse.move(
            box["x"] + box["width"] * share / 40, box["y"] + box["height"] * (0.3 + share % 5 / 10)
        )
    point = page.locator("[data-figure=history] .points path").nth(20).bounding_box()
    page.mouse.move(point["x"] + 4, point["y"] + 4)
    page.locator("[data-figure=history] .hovertext").first.wait_for()
    assert "lr = " in page.locator("[data-figure=history] .hovertext").first.text_content()
    page.shoot("laptop-5-hover")
    page.mouse.click(point["x"] + 4, point["y"] + 4)
    page.get_by_role("dialog").get_by_text("was proposed by").wait_for()
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + 100, box["y"] + 80)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.up()
    page.wait_for_timeout(300)
    page.locator("#tab-surrogate").click()
    for kind in ("doubt", "failing", "contour", "rank", "surface"):
        page.locator("#surface-as").select_option(kind)
        page.wait_for_timeout(700)
        drawn(page, "surface")
    page.locator("#tab-parameters").click()
    for name in ("booster", "depth"):
        page.locator("#effect-of").select_option(name)
        page.wait_for_timeout(500)
    page.locator("#effect-as").select_option("slice")
    page.wait_for_timeout(800)
    page.locator("#tab-overview").click()
    for figure in ("timeline", "edf"):
        page.locator(f"[data-figure={figure}]").scroll_into_view_if_needed()
        drawn(page, figure)
    page.locator("#along").select_option("time")
    until(lambda: "When each" in page.locator("[data-figure=timeline] figcaption").text_content())
    page.locator("[data-figure=history] .xtitle", has_text="since the start").wait_for()


def test_ranges_are_picked_on_the_axes_or_typed_and_the_table_has_the_same(
    filled: WebServer, look: Callable[..., Any]
) -> None:
    page = look(filled)
    page.locator("#tab-parameters").click()
    title = drawn(page, "parallel").locator("figcaption")
    line = page.locator("#within")

    def drag(name: str, start: float, end: float) -> None:
        strip = page.locator(f".axis[title^='{name}:']")
        strip.scroll_into_view_if_needed()
        box = strip.bounding_box()
        middle = box["x"] + box["width"] / 2
        page.mouse.move(middle, box["y"] + box["height"] * start)
        page.mouse.down()
        page.mouse.move(middle, box["y"] + box["height"] * (start + end) / 2)
        page.mouse.move(middle, box["y"] + box["height"] * end)
        page.mouse.up()

    drag("depth", 0.5, 1.0)
    until(lambda: line.input_value().startswith("depth<="))
    drag("booster", 0.7, 0.8)
    until(lambda: "booster=gbtree" in line.input_value())
    until(lambda: "are found" in title.text_content())
    page.locator("[data-figure=parallel]").scroll_into_view_if_needed()
    page.shoot("desk-15-ranges")
    assert serious(page) == []
    wanted = Wanted.read(line.input_value())
    found = [trial.number for trial in filled.session.bench.history if wanted.finds(trial)]
    assert f": {len(found)} of " in title.text_content()
    page.locator("#tab-trials-tab").click()
    until(lambda: page.locator("#trials tr[data-trial]").count() == len(found))
    assert page.locator("#view [name=find]").input_value() == line.input_value()
    page.locator("#tab-parameters").click()
    drag("depth", 0.5, 0.5)  # a click
    until(lambda: line.input_value() == "booster=gbtree")
    line.fill("booster=gbtree lr<0.05")  # by keys
    page.locator("[data-figure=parallel] .shapelayer path").nth(1).wait_for()
    page.get_by_role("button", name="Clear").press("Enter")
    until(lambda: "are found" not in title.text_content())


def test_trials_are_found_compared_and_opened_by_keys(filled: WebServer, look: Callable[..., Any]) -> None:
    page = look(filled)
    page.locator("#tab-overview").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.id") == "tab-trials-tab"
    page.locator("#trials").wait_for()
    page.locator("#view select").select_option("failed")
    page.locator("#trials tr.failed").first.wait_for()
    until(lambda: page.locator("#trials tr:not(.failed)").count() == 1)
    page.shoot("desk-6-failures")
    page.locator("#view select").select_option("all")
    page.locator("#view [name=find]").fill("depth>3")
    page.get_by_role("button", name="sort by value").click()
    page.locator("#trials th[aria-sort]").get_by_text("val_loss").wait_for()
    for box in page.locator(".pick").all()[:2]:
        box.check()
    page.get_by_role("button", name="Compare").press("Enter")
    page.get_by_text("this change alone").wait_for()
    drawn(page, "curves")
    page.shoot("desk-7-compare")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.locator("#trials .open").first.press("Enter")
    page.get_by_text("was proposed by").wait_for()
    page.shoot("desk-8-trial")
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "text"


def test_a_chart_fits_its_room_whatever_was_open_while_it_came(
    filled: WebServer, look: Callable[..., Any]
) -> None:
    page = look(filled, "laptop")
    for tab in ("surrogate", "parameters", "model"):  # left at once: what comes later is hidden
        page.locator(f"#tab-{tab}").click()
    page.wait_for_timeout(4000)
    page.locator("#fold").click()
    page.set_viewport_size({"width": 1000, "height": 800})
    for tab in ("overview", "parameters", "surrogate"):
        page.locator(f"#tab-{tab}").click()
        page.wait_for_timeout(2500)
        for plot in page.locator(".js-plotly-plot:visible").all():
            drawn_width = plot.locator(".main-svg").first.bounding_box()["width"]
            assert abs(drawn_width - plot.bounding_box()["width"]) < 1, tab


def test_what_is_open_all_day_tells_how_far_it_is_and_follows_the_trial_that_is_looked_at(
    empty: WebServer, look: Callable[..., Any]
) -> None:
    folder = empty.session.bench.folder
    told_to = f"__import__('os').path.exists({str(folder / 'go')!r})"
    wait = f"while args.lr != 0.01 and not {told_to}: time.sleep(0.05)"
    (folder / "train.py").write_text(SCRIPT.replace("time.sleep(args.nap_s)", wait))
    for text in ("tune train.py", "always"):
        empty.session.say(text)
        assert empty.session.bench.trials is None or empty.session.bench.trials.wait(60)
    page = look(empty)
    page.locator("#standing", has_text="of 1").wait_for()
    assert page.title() == "1/1 0.05 train"
    empty.session.say("/try lr=0.02")
    page.locator("#tab-trials-tab").click()
    page.locator("#trials tr.running .open").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("still running").wait_for()
    assert dialog.get_by_role("button", name="Stop this trial").is_enabled()
    (folder / "go").touch()
    dialog.get_by_text("It gave val_loss").wait_for()  # it ends while it is looked at
    assert dialog.get_by_role("button", name="Stop this trial").is_disabled()
    page.keyboard.press("Escape")
    assert page.title().startswith("2/2 ")


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_two_objectives_have_their_front(of_two: WebServer, look: Callable[..., Any], width: str) -> None:
    page = look(of_two, width)
    drawn(page, "front")
    page.locator("[data-figure=front]").scroll_into_view_if_needed()
    page.shoot(f"{width}-9-two")
    assert serious(page) == []


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_dark_is_as_readable_as_light(filled: WebServer, look: Callable[..., Any], width: str) -> None:
    page = look(filled, width, "dark")
    drawn(page, "history")
    page.shoot(f"{width}-10-dark")
    assert serious(page) == []
    page.locator("#tab-surrogate").click()
    drawn(page, "surface")
    page.shoot(f"{width}-11-dark-surrogate")
    page.locator("#theme").click()  # light, whatever the system has
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(251, 250, 248)"


def test_studies_are_switched_without_a_restart(empty: WebServer, look: Callable[..., Any]) -> None:
    session = empty.session
    for text in ("tune train.py", "always"):
        session.say(text)
        assert session.bench.trials is None or session.bench.trials.wait(60)
    page = look(empty)
    page.get_by_role("button", name="Studies").click()
    page.get_by_role("button", name="tune train.py").click()
    page.get_by_text("train-2: minimize").wait_for()
    page.get_by_role("button", name="always for this session").last.click()
    page.locator("#standing", has_text="of 1").wait_for()
    page.get_by_role("button", name="Studies").click()
    page.get_by_text("Studies of this folder").wait_for()
    page.shoot("desk-12-studies")
    page.get_by_role("button", name="go on with train", exact=True).click()
    page.get_by_role("heading", name="train: minimize").wait_for()
    assert session.bench.the_plan().study == "train"


def test_a_card_of_a_session_that_ended_asks_nothing_more(
    resumed: WebServer, look: Callable[..., Any]
) -> None:
    yes = look(resumed).get_by_role("button", name="yes", exact=True)
    until(yes.is_disabled)


@pytest.mark.parametrize("width", ["desk", "phone"])
def test_nothing_moves_and_nobody_is_disturbed_while_trials_arrive(
    filled: WebServer, look: Callable[..., Any], width: str
) -> None:
    page = look(filled, width)
    for tab in TABS:
        page.locator(f"#tab-{tab}").click()
        page.wait_for_timeout(2500)
        where = "#view [name=find]" if tab == "trials-tab" else "#text"
        box = page.locator(where)
        if box.is_visible():
            box.fill("")
            box.focus()
        page.wait_for_timeout(600)  # what follows an input does not count as moved
        page.evaluate("window.shifts.length = 0")
        for number in range(3):
            add(filled.session, 1)
            filled.session.remark("One more.")
            if box.is_visible():
                page.keyboard.type("try "[number])
            page.wait_for_timeout(700)
        page.wait_for_timeout(1500)
        if box.is_visible():
            assert box.input_value() == "try", tab
            assert page.evaluate("document.activeElement.matches('#text, [name=find]')"), tab
            box.fill("")
        assert sum(page.evaluate("window.shifts")) < 0.01, tab


def test_a_whole_session_needs_no_pointer(empty: WebServer, look: Callable[..., Any]) -> None:
    page = look(empty)
    page.get_by_role("button", name="tune train.py").focus()
    page.keyboard.press("Enter")
    yes = page.get_by_role("button", name="always for this session")
    yes.focus()
    page.keyboard.press("Enter")
    page.locator("#standing", has_text="of 1").wait_for()
    page.get_by_label("how many trials to run").focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    page.locator("#standing", has_text="of 4").wait_for()
    page.locator("#tab-overview").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    least = page.get_by_label("least lr")
    least.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("0.001")
    page.keyboard.press("Enter")
    change = page.locator("article.card").last
    change.get_by_text("trials so far").or_(change.get_by_text("trial so far")).wait_for()
    assert page.evaluate("document.activeElement.tagName") != "BODY"
    page.shoot("desk-14-space")
    assert serious(page) == []


def test_a_thousand_trials_stay_smooth(thousand: WebServer, look: Callable[..., Any], capsys: Any) -> None:
    page = look(thousand, "laptop")
    drawn(page, "history")
    counts = page.context.new_cdp_session(page)
    counts.send("Performance.enable", {"timeDomain": "threadTicks"})

    def worked() -> float:
        """Seconds of a processor that the page and the server took: on a busy machine waiting says little."""
        metrics = {each["name"]: each["value"] for each in counts.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"]) + time.process_time()

    before_load = worked()
    page.reload()
    page.locator("#standing").wait_for()
    usable = page.evaluate("performance.now()")
    usable_work = worked() - before_load
    drawn(page, "history")
    page.shoot("laptop-13-thousand")
    weight = page.evaluate(
        "performance.getEntriesByType('resource').map((each) => [each.name, each.encodedBodySize])"
    )
    dots = "document.querySelectorAll('[data-figure=history] .points path').length"
    page.evaluate("window.shifts.length = 0")
    took, sent, work = [], [], []
    for _ in range(5):
        page.wait_for_timeout(1000)
        page.evaluate("performance.clearResourceTimings()")
        before, worked_before = page.evaluate(dots), worked()
        add(thousand.session, 1)
        started = time.monotonic()
        thousand.session.remark("One more.")
        until(partial(_more, page, dots, before))
        took.append(time.monotonic() - started)
        work.append(worked() - worked_before)
        page.wait_for_timeout(500)
        sent.append(page.evaluate(BYTES))
    assert sum(page.evaluate("window.shifts")) < 0.02
    with capsys.disabled():
        total = sum(size for _, size in weight)
        print(f"\nusable after {usable:.0f} ms, of a processor {1e3 * usable_work:.0f} ms")
        print(f"a dot after {statistics.median(took):.2f} s, of a processor {statistics.median(work):.2f} s")
        print(
            f"{statistics.median(sent) / 1e3:.1f} kB for it; shifts {sum(page.evaluate('window.shifts')):.4f}"
        )
        print(f"{total / 1e6:.2f} MB")
        for name, size in sorted(weight, key=lambda each: -each[1])[:6]:
            print(f"  {size / 1e3:8.0f} kB {name.rpartition('/')[2]}")
    assert max(sent) < 100_000
