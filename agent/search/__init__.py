"""Whose turn it is, and the proposers, one file each.

One proposal, from `ask` to `tell`:

1. `Tuner.ask` reads the study once and hands its history to `Turns.propose`.
2. `Turns` fits the verifier (`tools/search/verifier.py`) and makes the `SearchState` that proposers see.
3. `Turns` says whose turn it is: `Default` first, then `Packs` (what is known to work), `FirstGuesses` of a
   model, and `Chance`; from then on `Surrogate`, in whose place `Guesses` of a model may run.
4. That proposer returns a `Proposal`, or a `Pass` with its reason; after a pass the next one is asked.
5. A guess runs in place of the surrogate's own choice if the verifier accepts it; what a model's earlier
   guesses earned (`tools/search/trust.py`) decides how often one may.
6. `Turns` completes the proposal: what is expected of it, why others passed, what the model cost.
7. `Tuner` starts the trial in the study, and the journal keeps what the model said.
8. The objective runs; meanwhile `Turns.prefetch` has the model think about the next turn.
9. `Tuner.tell` writes the outcome into the study. Everything starts from the history again.

A proposer is one class in one file with the method `propose(state) -> Proposal | Pass`; `turns.py` gives it
its turn. Nothing here imports a storage.
"""
