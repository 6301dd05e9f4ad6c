"""The record: an Optuna study, its storage, and who writes to it.

Enter by `study` (`Study`, `load`). Beside it, others use `opening.study_names`, `storage.check_storage`,
`storage_url`, `owner.Owner`, `trials.ToldBeforeError`, and, for files of their own, `sqlite` and `lock`.

| file           | what it owns                                                              |
| -------------- | ------------------------------------------------------------------------- |
| `study`        | what may be done with a study                                             |
| `opening`      | finding a study or making it; its space and direction stay the same       |
| `settings`     | what it rests on: space, task, seed, knowledge, the token that names it   |
| `trials`       | the trials in the storage: made, told, changed, run again                 |
| `trial_fields` | a trial as Optuna's and as ours                                           |
| `marks`        | what people said of trials afterwards                                     |
| `spool`        | outcomes that the storage could not take, until it can                    |
| `owner`        | who runs a trial, and whether that process lives                          |
| `lock`         | locks between processes                                                   |
| `storage`      | opening a database safely: `storage_url` its address, `sqlite` its file   |
| `steady`       | waiting for a database that is away; one error for one that stays away    |
"""
