"""The command `bestguess learn`: documents, or one's own finished studies, become a knowledge pack."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    llm_option,
    read_space,
    read_task,
    refuse_existing,
)
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.sentences import counted

if TYPE_CHECKING:
    from bestguess.agent.learning.draft import Draft

FOLDER = Path("packs")
MOST_SHOWN = 12


@click.command()
@click.argument("documents", nargs=-1, metavar="DOCUMENT...")
@click.option(
    "--space",
    "space_spec",
    metavar="FILE",
    help="YAML file, or module:attribute, of the parameters to learn of",
)
@llm_option()
@click.option("--llm-tokens", type=click.IntRange(0), metavar="N", help="what the model may read and write")
@click.option(
    "--from-studies", "storage", metavar="URL", help="learn from the finished studies in a storage instead"
)
@click.option("--study-name", metavar="NAME", help="of them, only this one")
@click.option("--task", "--description", "description", metavar="TEXT", help="what is tuned, in words")
@click.option("--family", metavar="NAME", help="what the pack is on; default: the task's description")
@click.option(
    "--out",
    "--output",
    "out",
    type=click.Path(path_type=Path),
    default=FOLDER,
    show_default=True,
    help="a folder, or a file NAME.md",
)
@click.option("--yes", "-y", is_flag=True, help="accept the draft without being asked")
@force_option
@json_option
def command(
    documents: tuple[str, ...],
    space_spec: str | None,
    llm: str,
    llm_tokens: int | None,
    storage: str | None,
    study_name: str | None,
    description: str | None,
    family: str | None,
    out: Path,
    yes: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Draft a knowledge pack from documents: notes, manual pages, commented configuration, docstrings.

    DOCUMENT is a file, a folder, - for stdin, or module:object for a docstring, which is read and not
    executed. Words such as "recommended" say which values are advice, and where there are none a model does.
    Every number in the draft stands in the document beside the parameter's name, and the line is quoted. You
    see the draft as a diff, and nothing is written before you accept it.

    \b
    Examples:
      bestguess learn notes.md --space space.yaml --llm embedded
      bestguess learn /etc/redis/redis.conf --space redis.yaml --llm embedded --out packs/redis.md
      man 7 tcp | bestguess learn - --space tcp.yaml
      bestguess learn sklearn.manifold:TSNE --space space.yaml --yes
      bestguess learn --from-studies sqlite:///bestguess.db
    """
    if storage is not None:
        draft = _from_studies(storage, study_name, family, documents)
        steps = ["bestguess", "tune"]
    else:
        draft = _from_documents(documents, space_spec, description, llm, llm_tokens, family)
        steps = ["bestguess", "tune", "--space", str(space_spec)]
    file = out if out.suffix == ".md" else out / draft.file_name
    if not yes and not as_json:
        refuse = not (sys.stdin.isatty() and "-" not in documents)
        echo(draft.diff(file) or f"{file} says the same already.")
        _say(draft)
        if refuse:
            echo(f"Nothing is written; give --yes to write {file}.", err=True)
            return
        if not click.confirm(f"Write {file}?", default=False):
            echo("Left as it was.")
            return
    elif yes:
        refuse_existing(file, force=force, makes_folder=True)
    written = draft.save(file) if yes or not as_json else None
    use = [*steps, "--knowledge", str(file)]
    if as_json:
        echo_json({**draft.to_dict(), "written": written and str(written), "use": use})
        return
    if yes:
        echo(f"{file} has {counted(len(draft.entries), 'parameter')} of {draft.family}.")
        _say(draft)
    echo(f"Use it: {shlex.join(use)} …")


def _from_studies(
    storage: str, study_name: str | None, family: str | None, documents: tuple[str, ...]
) -> Draft:
    from bestguess.agent.learning.studies import learn_from_studies

    if documents:
        raise InputError(
            f"--from-studies reads no documents, and {documents[0]} is given; learn from one of them"
        )
    return learn_from_studies(storage, study_name=study_name, family=family)


def _from_documents(
    documents: tuple[str, ...],
    space_spec: str | None,
    description: str | None,
    llm: str,
    llm_tokens: int | None,
    family: str | None,
) -> Draft:
    from bestguess.agent.advice.budget import Budget
    from bestguess.agent.learning.draft import learn

    if not documents:
        raise InputError("no document is named; give a file, a folder, - for stdin, or module:object")
    if space_spec is None:
        raise InputError(
            "--space is missing; name the YAML file with the parameters that the documents are to advise on"
        )
    space, words = read_space(space_spec)
    if llm == "none":
        echo(
            "No model reads them: advice is known by words such as 'recommended'. --llm embedded reads them.",
            err=True,
        )
    return learn(
        documents,
        space,
        read_task(words, description=description),
        llm=llm,
        family=family,
        budget=None if llm_tokens is None else Budget(tokens=llm_tokens),
        progress=lambda words: echo(words, err=True) if sys.stderr.isatty() else None,
    )


def _say(draft: Draft) -> None:
    """Say who read, what was left out and why."""
    echo(f"Read by {draft.read_by}" + (f", {draft.tokens} tokens." if draft.tokens else "."))
    for note in draft.notes:
        echo(f"note: {note}")
    for one, reason in draft.dropped[:MOST_SHOWN]:
        echo(f"left out: {one.words} ({one.place}): {reason}")
    if len(draft.dropped) > MOST_SHOWN:
        echo(f"left out: {len(draft.dropped) - MOST_SHOWN} more; --json lists them")
