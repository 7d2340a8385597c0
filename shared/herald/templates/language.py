"""What a template's text may be written with: a part of Jinja that always ends, and soon. Pure.

There are no calls, no assignments and no operators that repeat a text, loops go over the lines of a
variable, and what is included is known when the configuration is read. So a text is as long as what
it is made of, and is filled in within a time that its length bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from jinja2 import BaseLoader, StrictUndefined, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from herald.templates.loops import LISTS, free_names, is_of_a_loop, problems_of_loops
from herald.templates.variables import Variable

FILTERS = frozenset(
    {"capitalize", "default", "e", "escape", "lower", "title", "trim", "truncate", "upper"}
    | {"urlencode"}
)
TESTS = frozenset({"divisibleby", "eq", "equalto", "even", "in", "ne", "none", "odd"})
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.If,
    nodes.For,
    nodes.Include,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.Test,
    nodes.Keyword,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.List,
    nodes.Tuple,
)
_WORDS: dict[type[nodes.Node], str] = {
    nodes.Call: "calls",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "macros",
    nodes.CallBlock: "calls",
    nodes.Extends: "extends",
    nodes.Block: "blocks",
    nodes.Import: "import",
    nodes.FromImport: "import",
    nodes.Getattr: "attributes",
    nodes.Getitem: "items",
    nodes.With: "with",
    nodes.FilterBlock: "filter blocks",
}


class Environment(SandboxedEnvironment):
    """Jinja as templates have it: HTML is escaped, and a text sees only what it is given."""

    def __init__(self, loader: BaseLoader | None = None) -> None:
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith("/html"),
            cache_size=-1,  # as many as the configuration has
            auto_reload=False,
        )
        self.globals.clear()


_PARSING = Environment()


@lru_cache(1024)
def parse(source: str) -> nodes.Template:
    """Read a text.

    Raises:
        TemplateSyntaxError: it is none.
    """
    return _PARSING.parse(source)


def problems_of(source: str, variables: Mapping[str, Variable]) -> Iterator[str]:
    """Say what is wrong with a text, and where."""
    try:
        tree = parse(source)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {error.message}"
        return
    except RecursionError:
        yield "nested too deeply"
        return
    for node in tree.find_all(nodes.Node):
        if (problem := _problem(node)) is not None:
            yield f"line {node.lineno}: {problem}"
    lists = {name for name, variable in variables.items() if variable.type == LISTS}
    for line, problem in problems_of_loops(tree, lists, variables):
        yield f"line {line}: {problem}"
    for name in sorted(names_in(source).difference(variables)):
        yield f"no variable {name!r} is declared"


@lru_cache(1024)
def names_in(source: str) -> frozenset[str]:
    """Return the variables that a text itself needs."""
    return frozenset(free_names(parse(source)))


@lru_cache(1024)
def included(source: str) -> tuple[str, ...]:
    """Name what a text includes, each as often as it does."""
    found = [node.template for node in parse(source).find_all(nodes.Include)]
    return tuple(name.value for name in found if isinstance(name, nodes.Const))


def _problem(node: nodes.Node) -> str | None:
    match node:
        case nodes.Include():
            name = node.template
            is_named = isinstance(name, nodes.Const) and isinstance(name.value, str)
            fine = is_named and not node.ignore_missing
            return None if fine else "include names one template, in quotes"
        case nodes.Filter() if node.name not in FILTERS:
            return f"no filter {node.name!r} here; there are {', '.join(sorted(FILTERS))}"
        case nodes.Test() if node.name not in TESTS:
            return f"no test {node.name!r} here"
    is_allowed = isinstance(node, _ALLOWED)
    if is_allowed or (isinstance(node, nodes.Getattr) and is_of_a_loop(node)):
        return None
    return f"no {_WORDS.get(type(node), type(node).__name__.lower())} in templates"
