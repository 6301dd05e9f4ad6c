"""Secrets are blanked, known by their value or by their form, and other words are not."""

from __future__ import annotations

import json
import time
from urllib.parse import quote

import pytest

from bestguess.tools.words.redaction import keep_options, keep_secret, redact, redact_in


@pytest.mark.parametrize(
    "name",
    [
        "BESTGUESS_API_KEY",
        "OPENAI_API_KEY",
        "MY_APIKEY",
        "HF_TOKEN",
        "CLIENT_SECRET",
        "PGPASSWORD",
        "db_pass",
        "GITHUB_PAT",
        "SECRET_KEY_BASE",
        "HF_TOKEN_READ",
        "OPENAIAPIKEY",
    ],
)
def test_the_value_of_a_variable_that_is_named_like_a_secret_is_blanked(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    secret = 'plain"word/99'
    monkeypatch.setenv(name, secret)
    said = f"{name}={secret} {json.dumps(secret)} http://h/?q={quote(secret, safe='')}"
    assert "word" not in redact(said)
    assert redact_in({"a": [said, 3.5]})["a"][1] == 3.5


@pytest.mark.parametrize("name", ["MONKEY", "OLDPWD", "SSH_AUTH_SOCK", "KEYBOARD", "SSH_KEY_PATH"])
def test_the_value_of_another_variable_is_not(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "an innocent value")
    assert redact("it is an innocent value") == "it is an innocent value"


def test_a_password_in_an_address_of_the_environment_and_one_given_to_a_command_are_blanked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:hunter2wordA@h/x")
    keep_options(
        ["train.py", "--password", "hunter2wordB", "--api-key=hunter2wordC", "--token={tok}", "--n=3"]
    )
    assert redact("hunter2wordA, hunter2wordB and hunter2wordC of {tok}") == "***, *** and *** of {tok}"


def test_a_key_that_a_command_sets_is_blanked() -> None:
    keep_options(["env", "MY_KEY=hunter2wordD", "train.py", "wandb.api_key=hunter2wordE", "lr=0.12345678"])
    assert redact("hunter2wordD, hunter2wordE, 0.12345678") == "***, ***, 0.12345678"
    keep_options(["train.py", "target_key=accuracy", "group.key=learning_rate", "--sort-key", "validation"])
    assert redact("accuracy=0.9, learning_rate, validation") == "accuracy=0.9, learning_rate, validation"


def test_a_key_that_was_given_as_argument_is_blanked_from_then_on() -> None:
    assert "correct horse" in redact("the key correct horse battery")
    keep_secret("correct horse battery")
    assert redact("the key correct horse battery") == "the key ***"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://h:8000/v1?api_key=abc&n=2", "http://h:8000/v1?api_key=***&n=2"),
        ("GET /v1?n=2&key=abc#x, /x?X-Amz-Signature=ab", "GET /v1?n=2&key=***#x, /x?X-Amz-Signature=***"),
        ("postgresql+psycopg://me:pa/s@s@db:5432/x", "postgresql+psycopg://me:***@db:5432/x"),
        ("redis://:geheim@h and http://h:80/a@b", "redis://:***@h and http://h:80/a@b"),
        ("train.py --api-key abc --hf-token=xyz -n 3", "train.py --api-key *** --hf-token=*** -n 3"),
        ("sk-" + "a1" * 20 + " hf_" + "b2" * 10 + " Bearer abcdefgh1234", "*** *** Bearer ***"),
        ("Namespace(lr=0.1, api_key='abcd1234 efgh')", "Namespace(lr=0.1, api_key='***')"),
        ('{"wandb": {"api_key": "abcdefgh"}}', '{"wandb": {"api_key": "***"}}'),
        (
            "model.api_key=hydra4key lr=0.1\npassword: hunter2hunter2",
            "model.api_key=*** lr=0.1\npassword: ***",
        ),
        ("authorization: bearer abcd3fgh", "authorization: bearer ***"),
        (
            "eyJhbGciOiJI.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc-d, https://0123456789abcdef@h/1",
            "***, https://***@h/1",
        ),
        ("loss_per_token=0.00012345678, tokens: abcdefgh12, ms per token: 12.3456ms, token: llama3-8b",) * 2,
        ('{"token": "Washington", "label": "LOC"}, eos_token="<|endoftext|>", pwd: /home/u1/project',) * 2,
        ("password attempts, secret: 0.0012345678, Bearer instruments are",) * 2,
        ("token = tokenizer2.encode(x), token=torch.zeros(12), '--token', ssh://git@github.com/x",) * 2,
        ("train.py --max-token 512 --pad_token=0 -n 3",) * 2,
        ("a risky-business_plan for sk-learn",) * 2,
        ("a key=3, the token, x ? y : z, mail me@home", "a key=3, the token, x ? y : z, mail me@home"),
    ],
)
def test_what_looks_like_a_secret_is_blanked_and_the_rest_stays(text: str, shown: str) -> None:
    assert redact(text) == shown


@pytest.mark.parametrize(
    "piece",
    [
        "://a:",
        "?a_",
        "?token",
        "--a-",
        "-",
        "sk-",
        "Bearer ",
        "&_._",
        "token='",
        "api_key=a",
        "api_key=a1(",
        "secret:\n",
    ],
)
@pytest.mark.slow
def test_no_text_takes_long_to_redact(piece: str) -> None:
    started = time.thread_time()
    redact(piece * 100_000)
    assert time.thread_time() - started < 3
