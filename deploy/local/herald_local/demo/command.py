"""`python -m herald_local demo`: start a Herald, play every scenario, check, stop it again."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import typer
from rich.console import Console

from herald_local.demo.display import limited, play, requests_taken
from herald_local.demo.scenario_run import ScenarioRun, all_runs
from herald_local.demo.timeline import Timeline
from herald_local.errors import LocalError
from herald_local.lifecycle import running_stack
from herald_local.progress import report
from herald_local.servers import GivenServers, erase
from herald_local.stack import Stack

HOME = Path(".run/demo")


def demo() -> None:
    """Show Herald at work; the last line on stdout is one JSON object. Exit 0 if all went well."""
    home, started = HOME.absolute(), time.monotonic()
    try:
        with running_stack(home, GivenServers.from_environment()) as stack:
            problems = perform(stack, runs := all_runs())
    except LocalError as error:
        report(str(error))
        raise typer.Exit(1) from None
    passed = not any(problems.values())
    if passed:
        erase(home)
    else:
        report(f"the logs are in {HOME}/logs")
    summary = {
        "demo": "ok" if passed else "failed",
        "seconds": round(time.monotonic() - started, 1),
        "messages": len(runs),
        "scenarios": {name: "; ".join(found) or "ok" for name, found in problems.items()},
    }
    typer.echo(json.dumps(summary))
    raise typer.Exit(0 if passed else 1)


def perform(stack: Stack, runs: list[ScenarioRun]) -> dict[str, list[str]]:
    """Play the runs, write their timeline, and return what was wrong with each."""
    timeline = Timeline(Console(stderr=True, highlight=False))
    problems: dict[str, list[str]] = {run.scenario.name: [] for run in runs}
    with limited(stack, runs) as limits:
        asyncio.run(play(stack, runs, timeline))
        for name, limit in limits():
            if not limit["throttled"]:
                problems[name].append("nothing was throttled")
    for run in runs:
        problems[run.scenario.name] += run.problems(requests_taken(stack, run))
    timeline.summary(problems)
    return problems
