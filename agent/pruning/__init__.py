"""Stopping hopeless trials early: the rules, and the reports of a running trial that they judge.

A rule is an Optuna pruner, ours (`forecast.py`) or one of Optuna's; `pruner.py` keeps it from stopping the
default and lets a share go on as controls. The tuner enters by `run.py`, an Optuna study by `Pruner`.
"""
