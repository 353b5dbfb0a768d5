"""The ``pointsman`` command: route a prompt, verify or inspect a router, serve."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from pointsman.errors import ExtraMissingError, PointsmanError
from pointsman.router import Router
from pointsman.unread import unread_is_no_error
from pointsman.wishes import ON_BOUNDARY, Wishes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, or 1 with the error's text on standard error."""
    with unread_is_no_error():
        options = _parser().parse_args(arguments)
        try:
            output = options.run(options)
        except PointsmanError as error:
            sys.stderr.write(f"pointsman: {type(error).__name__}: {error}\n")
            return 1
        if output:
            sys.stdout.write(output + "\n")
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pointsman", description="Route prompts with an exported router.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    route = commands.add_parser("route", help="choose a model for a prompt and print the decision as JSON")
    route.add_argument("router", metavar="DIR", help="folder of an exported router")
    route.add_argument("prompt", help="the prompt; - reads standard input")
    _add_wishes(route)
    route.set_defaults(run=_route)
    explain = commands.add_parser("explain", help="tell which features decided on a prompt, model by model")
    explain.add_argument("router", metavar="DIR")
    explain.add_argument("prompt", help="the prompt; - reads standard input")
    _add_wishes(explain)
    explain.add_argument("--top", type=int, default=8, help="features a model (%(default)s)")
    explain.add_argument("--json", action="store_true", help="print everything as JSON")
    explain.set_defaults(run=_explain)
    verify = commands.add_parser("verify", help="check a router's files: schema, hash and probes")
    verify.add_argument("router", metavar="DIR")
    verify.set_defaults(run=_verify)
    inspect = commands.add_parser("inspect", help="print what a router is, without its probes")
    inspect.add_argument("router", metavar="DIR")
    inspect.set_defaults(run=_inspect)
    savings = commands.add_parser("savings", help="what routing saved, or would have, by the log of decisions")
    savings.add_argument("log", metavar="LOG", nargs="+", help="file that pointsman serve --log wrote; several parts")
    savings.add_argument("--against", metavar="MODEL", help="a model that all requests would else have gone to")
    savings.add_argument("--json", action="store_true", help="print JSON instead of sentences")
    savings.set_defaults(run=_savings)
    _add_serve(commands.add_parser("serve", help="serve OpenAI's API: each request goes to the model it needs"))
    return parser


def _add_wishes(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--models", type=_listed, help="comma-separated models that may be chosen, or patterns with *; default: all")
    add("--exclude", type=_listed, help="comma-separated models that may not be chosen, or patterns with *")
    add("--operating-point", help="a named trade-off; default: the router's")
    add("--cost-quality", type=float, metavar="0..10", help="in its place: 0 is success alone, 10 the cheapest")
    add("--min-success", type=float, metavar="P", help="least probability of success, where any model has it")
    add("--on-boundary", metavar="WISH", help=f"what happens to a close call: {', '.join(ON_BOUNDARY)}")


def _listed(names: str) -> list[str]:
    return names.split(",")


def _wishes(options: argparse.Namespace) -> dict[str, Any]:
    return {field.name: getattr(options, field.name) for field in fields(Wishes)}


def _add_serve(serve: argparse.ArgumentParser) -> None:
    serve.add_argument("router", metavar="DIR", help="folder of an exported router; a new one in it is loaded")
    serve.add_argument("--catalog", metavar="FILE", required=True, help="your endpoints: TOML, JSON or YAML")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s); others need keys")
    serve.add_argument("--port", type=int, default=8000, help="port to listen on (%(default)s)")
    serve.add_argument("--keys-env", metavar="NAME", help="environment variable with the callers' keys")
    serve.add_argument("--keys-file", metavar="FILE", help="file with the callers' keys, one a line")
    serve.add_argument("--settings", metavar="FILE", help="settings and defaults for requests: TOML, JSON or YAML")
    serve.add_argument("--shadow", action="store_true", help="only log decisions; requests go where they would have")
    serve.add_argument("--log", metavar="FILE", help="file that gets a line of JSON for each request")
    serve.add_argument("--otel", action="store_true", help="an OpenTelemetry span for each request")
    serve.add_argument("--max-body-mb", type=float, default=32.0, help="largest body of a request (%(default)s)")
    serve.add_argument("--grace-s", type=int, default=300, help="seconds for answers to end at a stop (%(default)s)")
    serve.add_argument("--workers", type=int, default=1, help="processes (%(default)s)")
    serve.set_defaults(run=_serve)


def _route(options: argparse.Namespace) -> str:
    router = Router.load(options.router)
    return json.dumps(router.route(_prompt(options), **_wishes(options)).to_dict(), indent=1)


def _explain(options: argparse.Namespace) -> str:
    from pointsman.explain import explain

    found = explain(options.router, _prompt(options), **_wishes(options))
    return json.dumps(found.to_dict(), indent=1) if options.json else found.words(max(options.top, 0))


def _prompt(options: argparse.Namespace) -> str:
    # Bytes that are no UTF-8 must not stop a pipeline: they become U+FFFD, as NUL does.
    prompt: str = options.prompt
    return sys.stdin.buffer.read().decode(errors="replace") if prompt == "-" else prompt


def _verify(options: argparse.Namespace) -> str:
    manifest = Router.load(options.router).manifest
    return f"{manifest.name}/{manifest.version}: hash and {len(manifest.probes)} probes match"


def _inspect(options: argparse.Namespace) -> str:
    manifest = asdict(Router.load(options.router).manifest)
    hidden = ("probes", "feature_reference", "features")
    return json.dumps({name: value for name, value in manifest.items() if name not in hidden}, indent=1)


def _savings(options: argparse.Namespace) -> str:
    from pointsman.savings import savings

    found = savings(options.log, against=options.against)
    return json.dumps(asdict(found), indent=1) if options.json else found.words()


def _serve(options: argparse.Namespace) -> str:
    try:
        from pointsman.serve.run import Serve, run
    except ModuleNotFoundError as error:
        raise ExtraMissingError(error.name) from error
    run(Serve(**{name: value for name, value in vars(options).items() if name != "run"}))
    return ""
