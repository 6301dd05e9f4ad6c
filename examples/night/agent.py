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
    key = f"{git(folder, 'rev-parse', 'HEAD')}-{seed}"
    return experiments.record(
        value, failure=failed, commit="HEAD", seed=seed if failed is None else None, key=key, **told
    )


def judge(experiments, folder, seed, **told):
    """Measure the commit until no further run is worth its cost; go back if it is not to be kept."""
    entry = measure(experiments, folder, seed, **told).entry
    kept = experiments.keep(entry.number)
    for again in (seed + 1, seed + 2):
        if not kept.decision.repeat:
            break
        measure(experiments, folder, again, **told)
        kept = experiments.keep(entry.number)
    print(kept.words)
    git(folder, "branch", "-f", "best", "HEAD") if kept.decision.keep else git(
        folder, "reset", "-q", "--hard", "best"
    )


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
    last = experiments.keep()  # which may not have been asked, or not been heard
    best = last.entry.number if last.decision.keep else last.decision.incumbent
    commits = {entry.number: entry.commit for entry in experiments.entries}
    git(folder, "checkout", "-q", "--detach", "-f", commits[best])
    git(folder, "branch", "-f", "best")
    for turn, (idea, old, new) in enumerate(IDEAS):
        if (
            sum(len(entry.runs) for entry in experiments.entries) >= runs
            or experiments.stop(cost_per_run=1).stop
        ):
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
    print(experiments.report())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), int(sys.argv[2]) if len(sys.argv) > 2 else 60)
