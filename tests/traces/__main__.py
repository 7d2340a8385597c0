"""`make trace`: print the trace of one message that falls back, from a run of its own.

`ARGS=--write` puts it into docs/tracing.md.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from herald_local.lifecycle import running_stack
from herald_local.servers import GivenServers, erase
from traces.collector import collecting
from traces.example import finished_trace, send, traced
from traces.tree import lines

HOME = Path(f".run/trace-{os.getpid()}").absolute()
PAGE = Path(__file__).parents[2] / "docs" / "tracing.md"
BLOCK = re.compile(r"(<!-- make trace -->\n\n```\n).*?(```\n)", re.DOTALL)


def main() -> int:
    """Run a stack with tracing on, send one message and print its trace."""
    with collecting() as collector, traced(collector):
        try:
            with running_stack(HOME, GivenServers()) as stack:
                trace_id, _message_id = send(stack)
                spans = finished_trace(collector, trace_id)
        finally:
            erase(HOME)
        text = "\n".join(lines(spans, collector.spans)) + "\n"
    print(text, end="")  # noqa: T201  the result
    if "--write" in sys.argv[1:]:
        PAGE.write_text(BLOCK.sub(lambda block: block[1] + text + block[2], PAGE.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
