"""What is wrong with templates is said when the configuration is read."""

from __future__ import annotations

import time

import pytest
from pydantic import ValidationError

from unit.templates.making import problems, templates


def saying(text: str, variables: str = "") -> str:
    return f"[a]\nvariables = {{{variables}}}\n[a.locales.en]\ntext = '''{text}'''\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ oops", "line 1: unexpected end of template"),
        ("x\n{% if %}", "line 2: "),
        ("{{ name }}", "no variable 'name' is declared"),
        ("{% for i in range(1000000000) %}x{% endfor %}", "line 1: no calls in templates"),
        ("{% for i in 'abc' %}x{% endfor %}", "line 1: loops go over a variable of type lines"),
        ("{{ 'x' * 1000000000 }}", "line 1: no mul in templates"),
        ("{{ 2 ** 99999999 }}", "line 1: no pow in templates"),
        ("{{ '%999999999d' % 1 }}", "line 1: no mod in templates"),
        ("{{ ''.__class__.__mro__ }}", "line 1: no attributes in templates"),
        ("{{ ''['__class__'] }}", "line 1: no items in templates"),
        ("{{ 'a'|center(999999999) }}", "line 1: no filter 'center' here"),
        ("{{ 'a'|attr('__class__') }}", "line 1: no filter 'attr' here"),
        ("{{ '<b>'|safe }}", "line 1: no filter 'safe' here"),
        ("{% set x = 'a' %}", "line 1: no set in templates"),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "line 1: no macros in templates"),
        ("{% extends 'a' %}", "line 1: no extends in templates"),
        ("{% import 'a' as a %}", "line 1: no import in templates"),
        ("{% include 'a' ~ 'b' %}", "line 1: include names one template, in quotes"),
        ("{% include 'b' ignore missing %}", "line 1: include names one template, in quotes"),
        ("{% include 'b' %}", "includes 'b': no such template"),
        ("{{ lipsum() }}", "line 1: no calls in templates"),
        ("{{ " + "(" * 5000, "nested too deeply"),
    ],
)
def test_a_text_that_is_none(text: str, problem: str) -> None:
    """With where it stands, and which line of it."""
    found = problems(saying(text))
    assert any(line.startswith(f"templates.a.locales.en.text: {problem}") for line in found), found


def test_a_circle_of_includes_is_refused() -> None:
    """Each of its texts says which way round it goes."""
    text = "".join(
        f"[{one}.locales.en]\ntext = '''{{% include '{other}' %}}'''\n"
        for one, other in (("a", "b"), ("b", "c"), ("c", "a"))
    )
    assert problems(text)[0] == "templates.a.locales.en.text: includes itself: a -> b -> c -> a"
    assert problems(saying("{% include 'a' %}")) == [
        "templates.a.locales.en.text: includes itself: a -> a"
    ]


def test_a_circle_on_one_channel_is_found() -> None:
    """Though no channel of the first text differs."""
    text = (
        "[a.locales.en]\ntext = '''{% include 'b' %}'''\n"
        "[b.locales.en]\ntext = 'x'\n"
        "[b.locales.en.overrides.sms]\ntext = '''{% include 'a' %}'''\n"
    )
    assert "templates.a.locales.en.text: includes itself: a -> b -> a" in problems(text)


def test_includes_that_grow_without_bound_are_refused() -> None:
    """Ten to the seventh copies are never made."""
    text = "[t0.locales.en]\ntext = 'xxxxxxxxxx'\n" + "".join(
        f"[t{n}.locales.en]\ntext = '''" + f"{{% include 't{n - 1}' %}}" * 10 + "'''\n"
        for n in range(1, 8)
    )
    began = time.process_time()
    found = problems(text)
    assert time.process_time() - began < 5
    assert found[-1].endswith("over 300,000 characters with all that it includes")


def test_what_is_included_needs_what_includes_it_to_declare() -> None:
    """Its variables are those of whoever includes it; so are its tenants."""
    text = (
        "[a.locales.en]\ntext = '''{% include 'b' %}'''\n"
        "[b]\nvariables = {name = {}}\n[b.locales.en]\ntext = '{{ name }}'\n"
        "[c]\ntenants = ['other']\n[c.locales.en]\ntext = 'x'\n"
        "[d.locales.en]\ntext = '''{% include 'c' %}'''\n"
        "[e.locales.en]\nsubject = '''{% include 'b' %}'''\n"
    )
    found = problems(text)
    assert "templates.a.locales.en.text: what it includes needs a variable 'name'" in found
    assert "templates.d.locales.en.text: includes 'c', which 'default' may not use" in found
    assert "templates.e.locales.en.subject: includes 'b', which has no subject (en)" in found
    assert "templates.c.tenants: no tenant 'other'" in found


def test_a_comparison_that_never_works_is_found() -> None:
    """Texts are tried with a value of each type."""
    [problem] = problems(saying("{% if name > 1 %}x{% endif %}", "name = {}"))
    assert problem.startswith("templates.a.locales.en.text: can't be filled in: '>' not supported")


def test_an_unknown_channel_is_named() -> None:
    """A text that nobody would see is a mistake."""
    found = problems("[a.locales.en]\ntext = 'x'\n[a.locales.en.overrides.fax]\ntext = 'y'")
    assert found == ["templates.a.locales.en.overrides.fax: no account serves it"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[a]\ndefault_locale = 'de'\n[a.locales.en]\ntext = 'x'",
            "default_locale: no locale 'de'",
        ),
        ("[a.locales.en]\ntext = 'x'\n[a.locales.EN]\ntext = 'x'", "each stands once"),
        ("[a]\nvariables = {n = {type = 'integer', default = 'x'}}", "default: must be a whole"),
        ("[a]\nvariables = {Name = {}}", "variables.Name"),
        (
            "[a.locales.en]\ntext = 'x'\n[a.earlier.1.locales.en]\ntext = 'x'",
            "not before version 1",
        ),
        ("[a.locales.en]\ntxt = 'x'", "Extra inputs"),
    ],
)
def test_a_shape_that_is_none(text: str, problem: str) -> None:
    """As every other part of the configuration."""
    with pytest.raises(ValidationError) as caught:
        templates(text)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "{% for a in rows %}{% for b in rows %}x{% endfor %}{% endfor %}",
            "no loops and includes",
        ),
        ("{% for a in rows %}{% include 'a' %}{% endfor %}", "no loops and includes in a loop"),
        ("{% for a in name %}x{% endfor %}", "loops go over a variable of type lines"),
        ("{% for a, b in rows %}x{% endfor %}", "write a loop as {% for line in rows %}"),
        ("{% for a in rows if a %}x{% endfor %}", "write a loop as {% for line in rows %}"),
        ("{% for name in rows %}x{% endfor %}", "'name' is a variable already"),
        ("{{ rows }}", "'rows' has many lines: loop over it"),
        ("{% for a in rows %}{{ loop.length }}{% endfor %}", "no attributes in templates"),
        ("{% for a in rows %}{{ loop.cycle }}{% endfor %}", "no attributes in templates"),
    ],
)
def test_a_loop_that_is_none(text: str, problem: str) -> None:
    """Loops go over lines, one deep."""
    found = problems(saying(text, "rows = {type = 'lines'}, name = {}"))
    assert any(line.startswith(f"templates.a.locales.en.text: line 1: {problem}") for line in found)


def test_the_names_of_a_loop_end_with_it() -> None:
    """Outside they would have to be declared."""
    text = "{% for a in rows %}{{ a }}{% endfor %}{{ a }}{{ loop.last }}"
    found = problems(saying(text, "rows = {type = 'lines'}"))
    assert [line.partition("text: ")[2] for line in found] == [
        "no variable 'a' is declared",
        "no variable 'loop' is declared",
    ]
