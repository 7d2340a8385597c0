"""Loops of templates: over the lines of a variable, one deep. Pure.

So a text is at most as many times as long as a variable has lines.
"""

from __future__ import annotations

from collections.abc import Container, Iterator

from jinja2 import nodes

LISTS = "lines"  # the type of variables that loops go over
_OF_A_LOOP = frozenset({"first", "index", "last"})


def problems_of_loops(
    tree: nodes.Node, lists: Container[str], declared: Container[str]
) -> Iterator[tuple[int, str]]:
    """Say what is wrong with the loops of a text, and on which line."""
    fine: set[int] = {id(node.test) for node in tree.find_all(nodes.If)}
    for loop in tree.find_all(nodes.For):
        fine.add(id(loop.iter))
        problem = _problem(loop, lists, declared)
        if problem is not None:
            yield loop.lineno, problem
    for name in tree.find_all(nodes.Name):
        if name.ctx == "load" and name.name in lists and id(name) not in fine:
            yield name.lineno, f"{name.name!r} has many lines: loop over it"


def is_of_a_loop(node: nodes.Getattr) -> bool:
    """Whether an attribute is one that loops have, such as `loop.last`."""
    of_loop = isinstance(node.node, nodes.Name) and node.node.name == "loop"
    return of_loop and node.attr in _OF_A_LOOP


def free_names(node: nodes.Node, bound: frozenset[str] = frozenset()) -> Iterator[str]:
    """Return the names that a text takes from outside, each as often as it does.

    Jinja's own way to find them begins to compile, and so works out what is constant.
    """
    if isinstance(node, nodes.For) and isinstance(node.target, nodes.Name):
        yield from free_names(node.iter, bound)
        inside = bound | {node.target.name, "loop"}
        for inner in node.body:
            yield from free_names(inner, inside)
        for inner in node.else_:
            yield from free_names(inner, bound)
        return
    if isinstance(node, nodes.Name) and node.name not in bound:
        yield node.name
    for inner in node.iter_child_nodes():
        yield from free_names(inner, bound)


def _problem(loop: nodes.For, lists: Container[str], declared: Container[str]) -> str | None:
    over, target = loop.iter, loop.target
    if not isinstance(over, nodes.Name) or over.name not in lists:
        return f"loops go over a variable of type {LISTS}, and nothing else"
    if not isinstance(target, nodes.Name) or loop.test is not None or loop.recursive:
        return f"write a loop as {{% for line in {over.name} %}}"
    if target.name in declared:
        return f"{target.name!r} is a variable already"
    if next(loop.find_all((nodes.For, nodes.Include)), None) is not None:
        return "no loops and includes in a loop"
    return None
