"""In the manner of a notebook that became a script: constants, and a model that one of them chooses."""

import json
import os

RANDOM_STATE = 42
TEST_SIZE = 0.2
N_SPLITS = 5
MODEL = "gbr"
N_ESTIMATORS = 200
LEARNING_RATE = 0.1
MAX_DEPTH = 3
MIN_SAMPLES_SPLIT = 2
SUBSAMPLE = 1.0
ALPHA = 1.0

if MODEL == "gbr":
    error = N_ESTIMATORS * LEARNING_RATE + MAX_DEPTH + MIN_SAMPLES_SPLIT + SUBSAMPLE
elif MODEL == "ridge":
    error = ALPHA
else:
    raise ValueError(MODEL)
with open(os.environ["ECHO"], "w") as file:
    json.dump({name: value for name, value in list(globals().items()) if name.isupper()}, file)
print("Cross-validated RMSE: %.3f (+/- %.3f)" % (error, 0.1))
