"""The page's server: a few routes over one session, behind the guard.

Turns run in threads of the server's pool, so that a slow one holds up nobody; all that is said reaches every
page by one stream of events.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Form, Header, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles

from bestguess.agent.chat.command import literal
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.language.intents import Verdict
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web import details, table, views
from bestguess.agent.chat.web.figures import Figures, style_ids
from bestguess.agent.chat.web.guard import Guard
from bestguess.agent.chat.web.stream import Stream
from bestguess.agent.reports.figures import FIGURES
from bestguess.agent.reports.figures.drawn import plotly_script
from bestguess.tools.errors import InputError

STATIC = Path(__file__).with_name("static")
MAX_CHARS = 4000
NAME_CHARS = 500
MOST_COMPARED = 6
DOOR = "page"
DONE = Response(status_code=204)
REFRESHING = ("trial_started", "trial_finished", "state", "remark")
"""After these the panels are drawn again."""

Name = Annotated[str, Query(max_length=NAME_CHARS)]
Find = Annotated[str, Query(max_length=MAX_CHARS)]
Height = Annotated[float | None, Query(ge=-1.0, le=2.0)]
Number = Annotated[int, Query(ge=0, lt=2**53)]


def build_app(session: Session, stream: Stream, *, token: str, hosts: frozenset[str]) -> FastAPI:
    """Return the server of one session, whose events are in the stream."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Guard, token=token, hosts=hosts)
    figures = Figures(session)
    plotly = plotly_script()  # where it is missing, that is said at the start
    styles = style_ids(plotly)

    @app.get("/")
    def page() -> HTMLResponse:
        return HTMLResponse(views.page_html(session, list(stream.events), styles))

    @app.get("/static/plotly.js")
    def charts() -> FileResponse:
        return FileResponse(plotly, media_type="text/javascript")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/events")
    async def events(
        request: Request,
        after: Annotated[int, Query(ge=0)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0)] = None,
    ) -> StreamingResponse:
        first = after if last_event_id is None else last_event_id + 1

        async def lines() -> AsyncIterator[str]:
            async for number, event in stream.follow(first):
                if await request.is_disconnected():
                    return
                yield ": alive\n\n" if event is None else await run_in_threadpool(_sse, number, event)

        return StreamingResponse(lines(), media_type="text/event-stream")

    @app.get("/panels")
    def panels(
        sort: Name = "number",
        descending: bool = True,
        find: Find = "",
        state: Name = "",
        hide: Annotated[list[str] | None, Query(max_length=NAME_CHARS)] = None,
        page: Number = 0,
        parts: Annotated[list[str] | None, Query(max_length=NAME_CHARS)] = None,
    ) -> HTMLResponse:
        view = table.View(sort, descending, find, state, frozenset(hide or ()), page)
        return HTMLResponse(views.panels_html(session, view, parts or views.PARTS))

    @app.get("/insights")
    def insights() -> HTMLResponse:
        return HTMLResponse(views.insights_html(session, figures.settled))

    @app.get("/figures/{name}")
    def figure(
        name: str, first: Find = "", second: Name = "", if_none_match: Annotated[str, Header()] = ""
    ) -> Response:
        if name not in FIGURES:
            return Response(status_code=404)
        answer = figures.update(if_none_match, figures.draw(name, first, second))
        status, how = (226, {"im": "edits"}) if answer.edits else (200, {})
        return Response(answer.text, status, {"etag": answer.tag, **how}, media_type="application/json")

    @app.get("/pick")
    def pick(axis: Name, find: Find = "", low: Height = None, high: Height = None) -> Response:
        ends = None if low is None or high is None else (low, high)
        try:
            return Response(figures.pick(find, axis, ends), media_type="text/plain")
        except InputError as error:
            return Response(str(error), 404, media_type="text/plain")

    @app.get("/trial/{number}")
    def trial(number: int) -> HTMLResponse:
        return HTMLResponse(details.trial_html(session, number))

    @app.get("/compare")
    def compare(trial: Annotated[list[Number], Query(max_length=MOST_COMPARED)]) -> HTMLResponse:
        return HTMLResponse(details.compare_html(session, list(dict.fromkeys(trial))))

    @app.get("/start")
    def start() -> HTMLResponse:
        return HTMLResponse(views.start_html(session))

    @app.get("/model")
    def model() -> HTMLResponse:
        return HTMLResponse(details.model_html(session))

    @app.get("/belief")
    def belief() -> HTMLResponse:
        return HTMLResponse(details.belief_html(session, figures.settled))

    @app.get("/report")
    def report() -> HTMLResponse:
        return HTMLResponse(details.report_html(session, figures.settled))

    @app.get("/trials.{form}")
    def trials(form: Literal["csv", "json"]) -> Response:
        text, media = table.export(session, form)
        named = {"content-disposition": f'attachment; filename="trials.{form}"'}
        return Response(text, media_type=media, headers=named)

    @app.post("/say")
    def say(
        text: Annotated[str, Form(max_length=MAX_CHARS)], card: Annotated[int | None, Form()] = None
    ) -> Response:
        # A client that does not say which card was seen saw at most the one that is open by now.
        open_now = session.pending.number if session.pending else 0
        session.say(text, door=DOOR, facing=open_now if card is None else card)
        return DONE

    @app.post("/stop")
    async def stop() -> Response:
        session.discard_reply()
        return DONE

    @app.post("/answer/{card}")
    def answer(card: int, verdict: Annotated[Verdict, Form()]) -> Response:
        session.answer(card, verdict, door=DOOR)
        return DONE

    @app.post("/do/{name}")
    async def do(name: str, request: Request) -> Response:
        async with request.form() as form:  # which closes a file that somebody sent
            given = _arguments([(key, str(value)) for key, value in form.multi_items()])
        try:
            arguments = REGISTRY[name].check(given)
        except InputError as error:
            stream.add(Event("error", str(error)))
            return DONE
        await run_in_threadpool(session.do, name, arguments, door=DOOR)
        return DONE

    return app


def _arguments(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return a command's arguments from the fields of a form; `values.NAME` is one of its `values`."""
    given: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for key, value in pairs:
        if value != "":
            within, dot, name = key.partition(".")
            if dot and within == "values":
                values[name] = literal(value)
            else:
                given[key] = value
    return given | ({"values": values} if values else {})


def _sse(number: int, event: Event) -> str:
    """Return the messages of one event: its HTML for the conversation, and a word for the panels."""
    if event.kind in ("writing", "thinking"):
        shown = views.writing_html if event.kind == "writing" else views.thinking_html
        return _message("writing", shown(event.text))
    parts = []
    if html := views.event_html(event):
        parts.append(f"id: {number}\n{_message('chat', html)}")
    if event.kind in REFRESHING:
        parts.append(f"id: {number}\nevent: panels\ndata: \n\n")
    return "".join(parts) or ": nothing to show\n\n"


def _message(name: str, html: str) -> str:
    lines = "\n".join(f"data: {line}" for line in html.splitlines() or [""])
    return f"event: {name}\n{lines}\n\n"
