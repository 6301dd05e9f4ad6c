"""Image classification, in the manner of the PyTorch examples."""

import argparse
import math


def main():
    parser = argparse.ArgumentParser(description="PyTorch MNIST Example")
    parser.add_argument(
        "--batch-size", type=int, default=64, metavar="N", help="input batch size for training"
    )
    parser.add_argument("--test-batch-size", type=int, default=1000, metavar="N")
    parser.add_argument("--epochs", type=int, default=14, metavar="N", help="number of epochs to train")
    parser.add_argument("--lr", type=float, default=1.0, metavar="LR", help="learning rate (default: 1.0)")
    parser.add_argument("--gamma", type=float, default=0.7, metavar="M", help="learning rate step gamma")
    parser.add_argument("--momentum", type=float, default=0.9)
    parser.add_argument("--wd", "--weight-decay", dest="weight_decay", type=float, default=0.0)
    parser.add_argument("--dropout", type=float, default=0.25)
    parser.add_argument("--hidden", type=int, default=128, help="units of the first dense layer")
    parser.add_argument("--opt", choices=["adadelta", "sgd", "adam"], default="adadelta")
    parser.add_argument("--no-cuda", action="store_true", default=False)
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="random seed (default: 1)")
    parser.add_argument("--log-interval", type=int, default=10, metavar="N")
    parser.add_argument("--save-model", action="store_true", default=False)
    parser.add_argument("--data-dir", default="../data")
    args = parser.parse_args()
    error = abs(math.log10(args.lr) + 1) / 10 + (args.dropout - 0.4) ** 2 + abs(args.hidden - 300) / 1e4
    error += args.weight_decay + (0.95 - args.momentum) ** 2 + (0.8 - args.gamma) ** 2 + args.batch_size / 1e5
    error += 0.0 if args.opt == "adam" else 0.01
    print("Epoch: %d, train loss: %.4f" % (args.epochs, error / 2))
    print("Test set: Average loss: {:.4f}, test accuracy: {:.4f}".format(error, 1 - error))


if __name__ == "__main__":
    main()
