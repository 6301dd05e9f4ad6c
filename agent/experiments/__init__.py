"""Experiments on a program, as an agent that edits code runs them; enter by `experiments`.

An experiment is a change to a program (a commit, a diff, or words) with what was measured after it. Its runs
are trials of a study like any other, in the study's record.

| file          | what it owns                                                                      |
| ------------- | --------------------------------------------------------------------------------- |
| `experiments` | the verbs: record, keep, tried, next, stop, report                                |
| `answers`     | what the verbs answer, in words and as records                                    |
| `opening`     | the study that experiments are kept in                                            |
| `entry`       | an experiment as it is read from the record, and how one is found                 |
| `measured`    | experiments as the referee takes them                                             |
| `recording`   | what is told of an experiment, checked, cleaned and cut before it is kept         |
| `git`         | reads a commit of a repository that is not trusted; nothing is written            |
| `numbers`     | the numbers in a script: what to try next                                         |
| `commits`     | the numbers that a script had at earlier commits                                  |
| `edit`        | numbers put into a script, as a diff that nobody applies                          |
| `outlook`     | what more runs may bring, and cost                                                |
| `memory`      | all of it in 300 words, for an agent that begins                                  |
"""
