"""Ask the fleet the embedded prompts and keep every answer.

One process asks the endpoints in turn, prompt by prompt, and writes each answer to ``answers.jsonl`` before
it asks for the next. Started again, it goes on where it stopped.

    python -m pointsman_train.embedded.extract --count 2000 --out DIR --endpoint small=http://127.0.0.1:18011/v1
    python -m pointsman_train.embedded.extract --count 2000 --out DIR --pack data/fleet
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TextIO

import openai

from pointsman_train.embedded.generate import generate
from pointsman_train.embedded.item import Item
from pointsman_train.embedded.pack import pack
from pointsman_train.errors import ConfigError, DataError

log = logging.getLogger(__name__)

SEED = 20_260
"""Seed of the prompts and of the models' sampling, which at temperature 0 has no effect."""

TIMEOUT_S = 180.0
ANSWERS = "answers.jsonl"


def read_answers(path: Path) -> list[dict[str, Any]]:
    """Return the answers kept in a JSON Lines file; none where it does not exist.

    A last line that was cut off by an interruption is left out; it will be asked for again.

    Raises
    ------
    DataError
        Where another line is not JSON.
    """
    if not path.is_file():
        return []
    answers = []
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines[:-1], start=1):
        try:
            answers.append(json.loads(line))
        except ValueError as error:
            raise DataError(f"{path.name}, line {number}: got {line[:60]!r}, expected JSON; delete it") from error
    return answers


def drop_torn_line(path: Path) -> None:
    """Cut off what follows the last line end of a file, so that the next answer starts a line."""
    if path.is_file():
        content = path.read_bytes()
        os.truncate(path, content.rfind(b"\n") + 1)


def ask(client: openai.OpenAI, model: str, item: Item) -> dict[str, Any]:
    """Ask one endpoint for one item and return the record to keep; ``error`` is why an answer is unknown."""
    record: dict[str, Any] = {"prompt_id": item.prompt_id, "model": model, "max_tokens": item.max_tokens}
    started = time.perf_counter()
    try:
        reply = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": item.prompt}],
            max_tokens=item.max_tokens,
            temperature=0,
            seed=SEED,
        )
    except openai.OpenAIError as error:
        return record | {"error": type(error).__name__}
    choice, usage = reply.choices[0], reply.usage
    return record | {
        "response": choice.message.content or "",
        "input_tokens": usage.prompt_tokens if usage else None,
        "output_tokens": usage.completion_tokens if usage else None,
        "latency_ms": round((time.perf_counter() - started) * 1000, 1),
        "error": None if choice.finish_reason == "stop" else f"finish_reason {choice.finish_reason}",
    }


def keep(record: dict[str, Any], file: TextIO) -> None:
    """Append one record and return when it is on the disk."""
    file.write(json.dumps(record, ensure_ascii=False) + "\n")
    file.flush()
    os.fsync(file.fileno())


def _answered(items: Sequence[Item], path: Path) -> set[tuple[str, str]]:
    """Return the prompt ids and models that need not be asked again."""
    limits = {item.prompt_id: item.max_tokens for item in items}
    return {
        (answer["prompt_id"], answer["model"])
        for answer in read_answers(path)
        if answer.get("response") is not None
        and (answer["error"] is None or answer["max_tokens"] >= limits.get(answer["prompt_id"], 0))
    }


def collect(items: Sequence[Item], endpoints: dict[str, str], path: Path) -> None:
    """Ask every endpoint for every item that it has not answered, or not within a limit that has since grown.

    Parameters
    ----------
    items
        What to ask, in this order.
    endpoints
        Base URL by model alias.
    path
        The JSON Lines file to append to.
    """
    drop_torn_line(path)
    done = _answered(items, path)
    clients = {
        model: openai.OpenAI(base_url=url, api_key="none", timeout=TIMEOUT_S, max_retries=2)
        for model, url in endpoints.items()
    }
    started, asked = time.monotonic(), 0
    with path.open("a", encoding="utf-8") as file:
        for position, item in enumerate(items, start=1):
            for model in endpoints:
                if (item.prompt_id, model) not in done:
                    keep(ask(clients[model], model, item), file)
                    asked += 1
            if position % 20 == 0:
                elapsed = time.monotonic() - started
                log.info("%d of %d prompts, %d asked, %.0f s", position, len(items), asked, elapsed)


def parse_endpoints(given: Iterable[str]) -> dict[str, str]:
    """Read ``alias=url`` arguments.

    Examples
    --------
    >>> parse_endpoints(["small=http://127.0.0.1:18011/v1"])
    {'small': 'http://127.0.0.1:18011/v1'}
    """
    endpoints = {}
    for argument in given:
        alias, sign, url = argument.partition("=")
        if not (alias and sign and url.startswith("http")):
            raise ConfigError(
                f"got --endpoint {argument!r}, expected ALIAS=URL such as small=http://127.0.0.1:18011/v1"
            )
        endpoints[alias] = url
    return endpoints


def main(argv: Sequence[str] | None = None) -> None:
    """Run from the command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Ask the fleet the embedded prompts, or pack the answers.")
    parser.add_argument("--count", type=int, required=True, help="how many prompts")
    parser.add_argument("--out", type=Path, required=True, help="folder of the answers")
    parser.add_argument("--endpoint", action="append", default=[], metavar="ALIAS=URL")
    parser.add_argument("--pack", type=Path, metavar="DIR", help="write the tables into DIR, which has catalog.yaml")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    log.setLevel(logging.INFO)
    endpoints = parse_endpoints(options.endpoint)
    items = generate(options.count, SEED)
    options.out.mkdir(parents=True, exist_ok=True)
    if endpoints:
        collect(items, endpoints, options.out / ANSWERS)
    if options.pack:
        pack(items, read_answers(options.out / ANSWERS), options.pack)


if __name__ == "__main__":
    main()
