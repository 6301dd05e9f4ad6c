from __future__ import annotations

import http.client
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from tests.agent.chat.conftest import Talk
from tests.agent.chat.pty_talk import PtyTalk
from tests.agent.chat.web_server import TOKEN, WebServer

from bestguess.agent.chat.session import Session
from bestguess.tools.errors import InputError


@pytest.fixture
def server(folder: Path) -> Iterator[WebServer]:
    """A session in the folder, served."""
    served = WebServer(Session(folder, seed=0))
    yield served
    served.close()


def _say(server: WebServer, *texts: str) -> None:
    for text in texts:
        assert server.ask("/say", form={"text": text})[0] == 204
        if server.session.bench.trials:
            assert server.session.bench.trials.wait(60)


def test_the_token_in_the_address_gives_a_cookie_that_only_this_page_can_send(server: WebServer) -> None:
    status, _, headers = server.ask(f"/?token={TOKEN}", cookie=None)
    assert (status, headers["location"]) == (303, "/")
    cookie = headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


@pytest.mark.parametrize(
    ("change", "form"),
    [
        ({"cookie": None}, None),
        ({"cookie": "guess"}, None),
        ({"host": "evil.example"}, None),
        ({"host": "127.0.0.1"}, None),
        ({"origin": "http://evil.example"}, None),
        ({"origin": "null"}, None),
        ({"origin": "http://evil.example"}, {"text": "run 10"}),
        ({"origin": ""}, {"text": "run 10"}),
        ({"cookie": None}, {"text": "run 10"}),
    ],
)
def test_what_does_not_come_from_the_page_gets_403(
    server: WebServer, change: dict[str, str], form: dict[str, str] | None
) -> None:
    for path in ["/say"] if form else ["/", "/events", "/panels", "/static/htmx-2.0.11.min.js"]:
        status, text, headers = server.ask(path, form=form, **change)
        assert (status, text[:3]) == (403, "403"), path
        assert "default-src 'none'" in headers["content-security-policy"], path
    assert not [event for event in server.session.events if event.kind == "said"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"origin": "http://["}, 403),
        ("/", {"origin": "http://[::1"}, 403),
        ("/", {"origin": "//"}, 403),
        ("/", {"origin": "\u00ff" * 40}, 403),
        ("/", {"host": "["}, 403),
        ("/events", {"last-event-id": "\u00b2"}, 422),
        ("/events", {"last-event-id": "9" * 5000}, 422),
        ("/events", {"last-event-id": "-1"}, 422),
        ("/events?after=-3", {}, 422),
        ("/events?after=1e9", {}, 422),
    ],
)
def test_a_malformed_request_gets_4xx(
    server: WebServer, path: str, headers: dict[str, str], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.ask(path, form=None, cookie=TOKEN, **headers)[0] == status
    assert "Traceback" not in caplog.text


def test_two_pages_of_one_browser_have_a_cookie_each(server: WebServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = WebServer(Session(tmp_path / "other"))
    assert server.cookie != other.cookie
    assert server.ask("/", cookie=f"{TOKEN}; {other.cookie}=wrong")[0] == 200
    assert server.ask(f"/?token={TOKEN}", cookie=None)[2]["set-cookie"].startswith(f"{server.cookie}=")
    assert server.ask("/", cookie=None, Cookie=f"bestguess={TOKEN}")[0] == 403
    other.close()


def test_a_yes_in_the_box_counts_only_for_the_card_that_was_on_the_page_when_it_was_begun(
    server: WebServer,
) -> None:
    early = threading.Thread(target=server.ask, args=("/say",), kwargs={"form": {"text": "yes"}})
    pressed = threading.Thread(target=server.ask, args=("/answer/1",), kwargs={"form": {"verdict": "yes"}})
    with server.session._turn:  # both come while the turn that asks is not over
        early.start()
        pressed.start()
        time.sleep(0.5)
        server.session.say("tune train.py")
    early.join()
    pressed.join()
    card = server.session.pending
    assert card is not None
    assert server.ask("/say", form={"text": "yes", "card": "0"})[0] == 204
    assert server.ask("/say", form={"text": "yes", "card": str(card.number + 1)})[0] == 204
    assert server.ask("/say", form={"text": "yes", "card": "x"})[0] == 422
    assert server.session.pending is card
    assert f'data-card="{card.number}"' in server.ask("/")[1]
    _say(server)
    assert server.ask("/say", form={"text": "yes", "card": str(card.number)})[0] == 204
    assert server.session.pending is None


def test_the_page_needs_nothing_from_elsewhere_and_no_inline_script(server: WebServer) -> None:
    status, text, headers = server.ask("/")
    assert status == 200
    assert "script-src 'self'" in headers["content-security-policy"]
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert " style=" not in text
    for asset in re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", text):
        assert server.ask(asset)[0] == 200


def test_a_conversation_on_the_page_reaches_every_tab_in_order(server: WebServer) -> None:
    _say(server, "tune train.py")
    assert "Run train.py once with its defaults?" in server.ask("/")[1]
    _say(server, "yes")
    connection = http.client.HTTPConnection(server.address, timeout=30)
    connection.request(
        "GET", "/events?after=0", headers={"Cookie": f"{server.cookie}={TOKEN}", "Host": server.address}
    )
    stream = connection.getresponse()
    seen = ""
    while "The metric was found" not in seen:
        seen += stream.readline().decode()
    connection.close()
    assert (
        seen.index("tune train.py")
        < seen.index("once with its defaults")
        < seen.index("The metric was found")
    )
    assert "event: panels" in seen
    numbers = [int(one) for one in re.findall(r"^id: (\d+)$", seen, re.MULTILINE)]
    assert numbers == sorted(numbers)


@pytest.mark.slow
def test_panels_show_the_trials_sorted_and_buttons_do_what_they_say(server: WebServer) -> None:
    _say(server, "tune train.py", "always", "run 3", "try booster=dart depth=5")
    panels = server.ask("/panels?sort=value&descending=false")[1]
    values = [float(one) for one in re.findall(r'<td class="number">([\d.]+)</td><td><span', panels)]
    assert values == sorted(values)
    assert "MemoryError: 17 GB wanted" in panels
    assert '"data":[{' in server.ask("/figures/history")[1]
    assert "Where the value is best and worst" in server.ask("/insights")[1]
    assert server.ask("/do/narrow", form={"parameter": "depth", "low": "2", "high": "4"})[0] == 204
    pending = server.session.pending
    assert pending is not None
    server.ask(f"/answer/{pending.number - 1}", form={"verdict": "yes"})
    assert server.session.pending is pending, "the button of an older card answered a newer one"
    server.ask(f"/answer/{pending.number}", form={"verdict": "yes"})
    assert "now ≥ 2 and ≤ 4" in server.ask("/panels")[1]
    server.ask("/do/undo", form={})
    assert "now ≥ 2" not in server.ask("/panels")[1]
    server.ask("/do/widen", form={"parameter": "booster", "options": "rf"})
    assert server.session.pending is not None
    assert server.session.pending.card.title == "Change the space: booster rf allowed?"
    server.ask("/do/export", form={"form": "script"})
    assert (server.session.bench.folder / "best_train.py").exists()
    server.ask("/do/format_disk", form={})
    assert "there is no command /format_disk" in server.ask("/")[1]


def test_what_a_program_or_a_person_writes_shows_as_text(server: WebServer, folder: Path) -> None:
    script = (folder / "train.py").read_text()
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> [x](javascript:alert(3))"
    (folder / "train.py").write_text(script.replace("MemoryError: 17 GB wanted", evil))
    _say(
        server,
        "tune train.py",
        "always",
        "try booster=dart depth=6",
        "why 1",
        evil,
        f"note {evil} in trial 1",
    )
    for path in ("/", "/panels"):
        text = server.ask(path)[1]
        assert "&lt;script&gt;alert(1)" in text
        assert "<script>alert" not in text
        assert "<img" not in text
        assert 'href="javascript' not in text


@pytest.mark.slow
def test_a_page_opened_in_mid_session_has_all_that_was_said_once_and_its_address_is_not_kept(
    talk: Talk, folder: Path
) -> None:
    talk.say("tune train.py", "always")
    talk.session.bench.start_trials().add(3)
    talk.say("/web", "open it in the browser")
    opened, again = [event.text for event in talk.of("answer")][-2:]
    assert opened == again
    address, token = _read_url(opened)
    page = _request(address, token, "/")
    assert [page.count(f"</span> trial {number} ") for number in range(4)] == [1, 1, 1, 1]
    assert token not in (folder / "bestguess.chat.jsonl").read_text()
    _request(address, token, "/say", "text=pause")
    assert talk.of("said")[-1].fields["door"] == "page"


@pytest.mark.slow
def test_a_folder_has_one_session_at_a_time(talk: Talk, folder: Path) -> None:
    with pytest.raises(InputError, match="already; say /web in it"):
        Session(folder)
    talk.session.close()
    Session(folder).close()


@pytest.mark.slow
def test_a_terminal_and_two_tabs_show_one_session(folder: Path) -> None:
    with PtyTalk(folder, "--web", "--seed", "0") as talk:
        address, token = _read_url(talk.wait_for(r"http://\S+\?token=\S+"))
        tabs = [http.client.HTTPConnection(address, timeout=30) for _ in range(2)]
        for tab in tabs:
            tab.request("GET", "/events", headers={"Cookie": _cookie(address, token)})
        _request(address, token, "/say", "text=tune+train.py")
        talk.wait_for("> tune train.py.*Run train.py once with its defaults")
        talk.type_in("yes")
        talk.wait_for("The metric was found")
        _request(address, token, "/say", "text=/quit")
        talk.wait_for("goes on from here")
        assert talk.process.wait(20) == 0
    for tab in tabs:
        text = tab.getresponse().read().decode()
        tab.close()
        order = [
            text.index(one) for one in ("</span>tune", "once with", "</span>yes", "was found", "Leaving")
        ]
        assert order == sorted(order)


def _read_url(text: str) -> tuple[str, str]:
    """Return the address and the token in a text."""
    found = re.search(r"http://([\d.:]+)/\?token=(\S+)", text)
    assert found is not None
    return found[1], found[2]


def _start(folder: Path, *options: str) -> tuple[subprocess.Popen[str], str, str]:
    """Start the command and return its process, the address and the token that it printed."""
    command = [sys.executable, "-m", "bestguess.agent.cli", "web", *options]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, *_read_url(process.stdout.readline())


def _cookie(address: str, token: str) -> str:
    return f"bestguess_{address.rpartition(':')[2]}={token}"


def _request(address: str, token: str, path: str, body: str | None = None) -> str:
    headers = {"Cookie": _cookie(address, token), "Origin": f"http://{address}"}
    headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status in (200, 204), text
    return text


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_kill_9_of_the_server_loses_no_told_trial_and_no_word(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAP_S", "0.5")
    process, address, token = _start(folder, "--seed", "0")
    for text in ("tune train.py", "always", "run 8"):
        _request(address, token, "/say", f"text={text.replace(' ', '+')}")
    while "trial 2 " not in (before := _request(address, token, "/")):
        time.sleep(0.1)
    while ">running " not in _request(address, token, "/panels"):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    process, address, token = _start(folder, "--resume")
    after = _request(address, token, "/")
    said = re.findall(r"</span>(tune train.py|always|run 8)</p>", after)
    assert said == ["tune train.py", "always", "run 8"]
    assert "was running when the session ended" in after
    for number in re.findall(r"</span> trial (\d+) val_loss", before):
        assert f"<td>{number}</td>" in _request(address, token, "/panels")
    process.terminate()
    process.communicate(timeout=20)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_browser_starts_a_study_watches_narrows_pauses_resumes_and_exports(
    server: WebServer, folder: Path, monkeypatch: pytest.MonkeyPatch, browser: Any
) -> None:
    monkeypatch.setenv("NAP_S", "0.3")
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(server.url)

    def say(text: str) -> None:
        page.fill("#text", text)
        page.press("#text", "Enter")

    say("tune train.py")
    page.get_by_role("button", name="always for this session").click()
    page.wait_for_selector("text=The metric was found")
    say("run 12")
    page.get_by_role("tab", name="Trials").click()
    page.locator("#trials tr").nth(4).wait_for()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector("#left:has-text('paused')")
    page.get_by_role("tab", name="Parameters").click()
    page.fill("input[aria-label='greatest depth']", "4")
    with page.expect_response("**/panels*"):
        _say(server, "/budget trials=500")  # the panels are drawn again
    assert page.input_value("input[aria-label='greatest depth']") == "4"
    page.locator("#space tr", has_text="depth").get_by_role("button", name="Narrow").click()
    page.locator("article.card", has_text="Change the space: depth").get_by_role("button", name="yes").click()
    page.wait_for_selector("#space >> text=≤ 4")
    narrowed = len(server.session.bench.history)
    page.get_by_role("button", name="Resume").click()
    page.wait_for_selector("text=All trials that were wanted are done", timeout=60_000)
    page.wait_for_selector("[data-figure=importance] .main-svg")
    page.get_by_role("tab", name="Trials").click()
    page.get_by_role("button", name="sort by value").click()
    page.locator("#trials button", has_text="val_loss ↓").wait_for()
    with page.expect_response("**/panels?*sort=value*"):
        _say(server, "/budget trials=400")
    page.get_by_role("button", name="sort by number").click()
    page.get_by_role("button", name="Export").click()
    page.wait_for_selector("text=Wrote")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    second = context.new_page()
    second.goto(f"http://{server.address}/")
    assert "The metric was found" in second.inner_text("#log")
    context.close()
    assert problems == []
    late = server.session.bench.history.trials[narrowed + 1 :]
    assert late
    assert all(trial.params["depth"] <= 4 for trial in late)
    assert (folder / "best_train.py").exists()
