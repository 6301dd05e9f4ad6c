"""A scripted agent improves train.py by night: python agent.py FOLDER [RUNS].

It does what a coding agent does that has the skill of BestGuess, but its ideas are written down here: it asks
what was tried, changes the script, commits, runs, records, asks whether to keep, and else goes back. Kill it
at any time and start it again: it goes on from the record.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import bestguess as bg

IDEAS = [  # what it is, and what is replaced by what
    ("add momentum by averaging the error", "error = h", "error = 0.5 * h @ last - 0.5 * y[rows] + 0.5 * h"),
    ("relu in place of tanh", "np.tanh(z)", "np.maximum(z, 0)"),
    (
        "wider first weights, for faster waves",
        "rng.normal(size=(1, WIDTH))",
        "2 * rng.normal(size=(1, WIDTH))",
    ),
    ("warm up the rate", "rate = LR * 1.0**step", "rate = LR * min(1, (step + 1) / 100)"),
    ("a million units", "WIDTH = 16", "WIDTH = 10**12"),
    ("let the rate fall to nothing", "rate = LR * 1.0**step", "rate = LR * (1 - step / STEPS)"),
    ("biases that spread the units", "np.zeros(WIDTH)", "rng.uniform(-3, 3, WIDTH)"),
    (
        "larger first weights so that waves are faster",
        "rng.normal(size=(1, WIDTH))",
        "2.1 * rng.normal(size=(1, WIDTH))",
    ),
    ("clip the error", "error = h @ last - y[rows]", "error = np.clip(h @ last - y[rows], -1, 1)"),
    ("twice the units", "WIDTH = 16", "WIDTH = 32"),
    ("shuffle the rows", "rows = rng.integers(0, len(x), BATCH)", "rows = rng.permutation(len(x))[:BATCH]"),
    ("the last weights from zero", "rng.normal(size=(WIDTH, 1)) / WIDTH", "np.zeros((WIDTH, 1))"),
]

FINALISTS = 6  # runs that are kept for what may be the best


def git(folder, *words):
    """Run git in the agent's own repository; BestGuess only reads it."""
    who = ("-c", "user.name=agent", "-c", "user.email=agent@localhost")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def run(folder, seed):
    """Return the loss of a run, or the last line of its error."""
    command = [sys.executable, "train.py", str(seed)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    found = re.search(r"^loss (\S+)$", done.stdout, re.MULTILINE)
    return (float(found[1]), None) if found else (None, done.stderr.strip().splitlines()[-1])


def measure(experiments, folder, seed, **told):
    """Run the commit that is checked out, record what came of it, and return the experiment."""
    value, failed = run(folder, seed)
    commit = git(folder, "rev-parse", "HEAD")
    # Another run of an experiment is told by its number, so that its params need not be told again.
    same = next((entry.number for entry in experiments.entries if entry.commit == commit), None)
    which = {"commit": "HEAD", **told} if same is None else {"experiment": same}
    return experiments.record(value, failure=failed, seed=seed, key=f"{commit}-{seed}", **which).entry


def judge(experiments, folder, seed, **told):
    """Measure the commit until no further run is worth its cost; go back if it is not to be kept."""
    entry = measure(experiments, folder, seed, **told)
    kept = experiments.keep(entry.number)
    for again in (seed + 1, seed + 2):
        if not kept.decision.repeat:
            break
        measure(experiments, folder, again)
        kept = experiments.keep(entry.number)
    print(kept.words)
    go_to(experiments, folder, incumbent(kept))
    if kept.decision.revert_to is not None:  # one kept before is better: it is run and asked for again
        go_to(experiments, folder, kept.decision.revert_to)
        measure(experiments, folder, seed + 3)
        go_to(experiments, folder, incumbent(experiments.keep(kept.decision.revert_to)))


def incumbent(kept):
    """Return the number of the experiment that is kept after a decision."""
    return kept.entry.number if kept.decision.keep else kept.decision.incumbent


def go_to(experiments, folder, number):
    """Check out an experiment's commit, and name it the best."""
    commit = next(entry.commit for entry in experiments.entries if entry.number == number)
    git(folder, "checkout", "-q", "--detach", "-f", commit)
    git(folder, "branch", "-f", "best")


def repeat_finalists(experiments, folder, runs):
    """Run again what may be the best, as often as the referee says, and keep what is best by all its runs."""
    kept = experiments.keep()
    again = [one.number for one in kept.finalists for _ in range(one.repeats)]
    for number in again[: max(0, runs - count_runs(experiments))]:
        go_to(experiments, folder, number)
        measure(experiments, folder, 1000 + count_runs(experiments))
        kept = experiments.keep(number)
        print(kept.words)
        go_to(experiments, folder, incumbent(kept))


def count_runs(experiments):
    """Return how many runs are in the record."""
    return sum(len(entry.runs) + len(entry.failures) for entry in experiments.entries)


def main(folder, runs):
    """Make the repository, or go on with it; then idea by idea."""
    script = folder / "train.py"
    if not (folder / "night.db").exists():  # nothing is recorded yet
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        shutil.copy(Path(__file__).with_name("train.py"), script)
        git(folder, "init", "-q")
        git(folder, "add", "train.py")
        git(folder, "commit", "-qm", "baseline")
    time.sleep(1)  # a git that outlived its agent ends
    (folder / ".git" / "index.lock").unlink(missing_ok=True)
    task = bg.Task("A small network", metric="loss")
    experiments = bg.Experiments(f"sqlite:///{folder / 'night.db'}", "night", task, folder=folder)
    print(experiments.report())
    if len(experiments.entries) < 2:
        for seed in (1, 2, 3):
            measure(experiments, folder, seed)
    go_to(experiments, folder, incumbent(experiments.keep()))  # which may not have been asked, or not heard
    for turn, (idea, old, new) in enumerate(IDEAS):
        if count_runs(experiments) >= runs - FINALISTS or experiments.stop(cost_per_run=1).stop:
            break
        tried = experiments.tried(idea)
        text = script.read_text()
        if not tried.same and old in text:
            script.write_text(text.replace(old, new, 1))
            git(folder, "commit", "-qam", idea)
            judge(experiments, folder, 10 * turn + 10)
        if turn % 2:  # numbers are the search's
            proposal = experiments.next("train.py")
            if proposal.edit:
                subprocess.run(["git", "apply", "-"], cwd=folder, input=proposal.edit, text=True, check=True)
                git(folder, "commit", "-qam", "numbers of the search: " + ", ".join(proposal.params))
                judge(experiments, folder, 10 * turn + 15, params=proposal.params)
    repeat_finalists(experiments, folder, runs)
    print(experiments.report())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 60)
