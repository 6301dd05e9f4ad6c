"""The command `bestguess prompt`: a prompt is tuned for a model, on items with right answers."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import (
    LLM_HELP,
    force_option,
    json_option,
    llm_option,
    llm_wait_option,
    out_option,
    refuse_existing,
    seed_option,
    storage_option,
    study_name_option,
)
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import ModelError, ModelRefused, ReplyError
from bestguess.tools.words.private import write_private

if TYPE_CHECKING:
    from bestguess.agent.texts.candidates import Progress
    from bestguess.tools.trial import Trial


@click.command()
@click.argument("items", type=click.Path(path_type=Path))
@click.option("--model", required=True, metavar="SPEC", help=f"who answers: {LLM_HELP}")
@click.option(
    "--score",
    default="exact",
    show_default=True,
    metavar="exact|contains|json|module:function",
    help="how an answer is compared with the right one; a function gets both and returns 0 to 1",
)
@click.option("--template", metavar="TEXT", help="how a question is written, as 'Review: {review}'")
@click.option("--instruction", metavar="TEXT", help="the instruction that there is now: the default")
@click.option(
    "--try", "instructions", multiple=True, metavar="TEXT", help="another instruction; once for each"
)
@click.option(
    "--shots", type=click.IntRange(0, 32), default=12, show_default=True, help="worked examples at most"
)
@click.option(
    "--max-tokens", type=click.IntRange(1, 4096), default=64, show_default=True, help="of an answer"
)
@click.option(
    "--calls",
    type=int,
    default=300,
    show_default=True,
    metavar="N",
    help="of the model in all, the test's too",
)
@llm_option()
@llm_wait_option(120.0)
@storage_option(words="'none' keeps it in memory", or_none=True)
@study_name_option("default: the name of the items' file")
@click.option("--resume", is_flag=True, help="go on with the study if it exists")
@seed_option(0)
@out_option("where the best prompt is written, as a template")
@force_option
@json_option
def command(
    items: Path,
    model: str,
    score: str,
    template: str | None,
    instruction: str | None,
    instructions: tuple[str, ...],
    shots: int,
    max_tokens: int,
    calls: int,
    llm: str,
    llm_wait_s: float,
    storage: str,
    study_name: str | None,
    resume: bool,
    seed: int,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Tune a prompt: instruction, worked examples and layout together, for the model that will read it.

    ITEMS is a file of JSON lines, each with "output", the right answer, and the fields that are asked about,
    such as "input". A third of them serves as worked examples, prompts are compared on others, and the rest,
    which nothing was chosen by, tests the best one against the default.

    A prompt is tried on a few items first, and on more while it may yet be the best. What a model was asked
    before is not asked again. Ctrl-C loses nothing: the same command with --resume goes on.

    --llm is a model that writes instructions; without one, those that --try gives are tried.

    \b
    Examples:
      bestguess prompt items.jsonl --model embedded:qwen2.5-coder-1.5b --score exact --out prompt.txt
      bestguess prompt items.jsonl --model http://127.0.0.1:8000/v1 --score json --calls 600
      bestguess prompt mails.jsonl --model embedded --template 'Mail: {mail}' --score scores:fair
    """
    from bestguess.agent.commands._running import end_on_signals
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.texts.prompt_task import INSTRUCTION, VARIANTS, PromptTask
    from bestguess.tools.words.cleaning import clean_line
    from bestguess.tools.words.given import shorten

    refuse_existing(out, force=force)
    name = study_name or items.stem
    task = PromptTask(
        model,
        items,
        score,
        template,
        instruction=INSTRUCTION if instruction is None else instruction,
        instructions=instructions or (VARIANTS if instruction is None else ()),
        shots=shots,
        max_tokens=max_tokens,
    )
    kept = None if storage == "none" else storage
    place = (
        ""
        if kept is None
        else f"--storage {shlex.quote(str(shown_url(kept)))} --study-name {shlex.quote(name)}"
    )

    def say(trial: Trial, progress: Progress) -> None:
        value = "failed" if trial.value is None else f"{trial.value:.3f}"
        came = f"{value} on {progress.tried_on} of {progress.items} items; best {progress.best:.3f}"
        why = shorten(clean_line(trial.reason), 80)
        echo(f"{trial.number:4}  {came}; {progress.left} calls left  {why}", err=True)

    end_on_signals()
    try:
        result = task.tune(
            calls,
            llm=None if llm == "none" else llm,
            storage=kept,
            study_name=name,
            seed=seed,
            resume=resume,
            llm_wait_s=llm_wait_s,
            say=say,
        )
    except (KeyboardInterrupt, ModelError) as stop:
        refused = isinstance(stop, ModelRefused | ReplyError)
        gone = "the model gave no answer" if refused else "the model went away"
        why = "\ninterrupted" if isinstance(stop, KeyboardInterrupt) else gone
        echo(why + (f"; what it answered is kept, go on with --resume {place}" if place else ""), err=True)
        if isinstance(stop, ModelError):
            raise
        sys.exit(130)
    finally:
        task.model.close()
    if out is not None:
        write_private(out, result.template)
    if as_json:
        echo_json({**result.to_dict(), "study_name": name, "storage": shown_url(kept)})
        return
    echo(result.report())
    echo(f"It is in {out}." if out else f"The prompt:\n\n{result.template}")
    if place:
        echo(f"Look again: bestguess show {place}")
