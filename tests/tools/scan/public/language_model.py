"""In the manner of word_language_model: a help text lists the options, and an else has its own settings."""

import argparse
import json
import os

parser = argparse.ArgumentParser(description="RNN and Transformer language model")
parser.add_argument("--data", type=str, default="./data/corpus", help="location of the data corpus")
parser.add_argument("--model", type=str, default="LSTM", help="type of network (RNN, LSTM, GRU, Transformer)")
parser.add_argument("--nhid", type=int, default=200, help="number of hidden units per layer")
parser.add_argument("--nhead", type=int, default=2, help="the number of heads")
parser.add_argument("--lr", type=float, default=20, help="initial learning rate")
parser.add_argument("--clip", type=float, default=0.25, help="gradient clipping")
parser.add_argument("--epochs", type=int, default=40, help="upper epoch limit")
parser.add_argument("--dropout", type=float, default=0.2, help="dropout applied to layers (0 = no dropout)")
parser.add_argument("--tied", action="store_true", help="tie the word embedding and softmax weights")
parser.add_argument("--seed", type=int, default=1111, help="random seed")
parser.add_argument("--log-interval", type=int, default=200, help="report interval")
args = parser.parse_args()

if args.model == "Transformer":
    shape = (args.nhid, args.nhead)
else:
    shape = (args.nhid, args.tied)
with open(os.environ["ECHO"], "w") as file:
    json.dump(vars(args), file)
test_loss = args.lr + args.clip + args.dropout + sum(shape)
print("| End of training | test loss {:5.2f} | test ppl {:8.2f}".format(test_loss, 2**0.5))
