"""In the manner of small repositories: a YAML file beside the script, and a line of JSON at the end."""

import json
import os
from pathlib import Path

import yaml

config = yaml.safe_load(Path(__file__).with_name("boosting.yaml").read_text())
params = config["model"]
with open(os.environ["ECHO"], "w") as file:
    json.dump(params | config["train"], file)
print(json.dumps({"rmse": params["max_depth"] + params["eta"] + params["reg_alpha"]}))
