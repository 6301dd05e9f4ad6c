"""In the manner of the command lines of reinforcement learning: algorithms in a table of functions."""

import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--algo", default="ppo", type=str, choices=["ppo", "a2c", "sac"])
parser.add_argument("--env", type=str, default="CartPole-v1", help="environment ID")
parser.add_argument("-n", "--n-timesteps", default=10000, type=int)
parser.add_argument("--eval-freq", default=5000, type=int)
parser.add_argument("--eval-episodes", default=5, type=int)
parser.add_argument("--num-threads", default=1, type=int)
parser.add_argument("--seed", type=int, default=-1)
parser.add_argument("--n-epochs", type=int, default=10)
parser.add_argument("--lr", "--learning-rate", dest="learning_rate", type=float, default=3e-4)
parser.add_argument("--gamma", type=float, default=0.99)
parser.add_argument("--clip-range", type=float, default=0.2)
parser.add_argument("--tau", type=float, default=0.005)
parser.add_argument("--use-sde", action="store_true", default=False)
parser.add_argument("--sde-sample-freq", type=int, default=4)
args = parser.parse_args()


def make_sac():
    return args.tau


def make_ppo():
    return args.clip_range + args.n_epochs


ALGORITHMS = {"ppo": make_ppo, "a2c": lambda: 1, "sac": make_sac}
reward = ALGORITHMS[args.algo]() + args.learning_rate + args.gamma
if args.use_sde:
    reward += args.sde_sample_freq
with open(os.environ["ECHO"], "w") as file:
    json.dump(vars(args), file)
print(f"Mean reward: {reward:.2f} +/- {1.0:.2f}")
