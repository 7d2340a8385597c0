"""Every alert is tested firing and silent, says the same in one form, and has its runbook."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from alert_rules import CASE_FILES, ROOT, RULE_FILES, alerts

RUNBOOKS = ROOT / "docs" / "runbooks"
# what a PrometheusRule may hold, of which Prometheus 2.42 understands these
GROUP_KEYS = {"name", "interval", "rules"}
RULE_KEYS = {"alert", "record", "expr", "for", "labels", "annotations"}


def _pages() -> dict[str, Path]:
    return {path.stem: path for path in RUNBOOKS.glob("*.md") if path.stem != "README"}


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    """Whoever is woken up finds what to do."""
    assert set(_pages()) == {rule["alert"] for rule in alerts()}


def test_every_alert_says_what_it_is_and_where_its_page_is() -> None:
    """Severity, summary and address of the page are there, in one form; the host is the user's."""
    hosts = set()
    for rule in alerts():
        assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
        assert set(rule["annotations"]) == {"summary", "runbook_url"}, rule["alert"]
        host, _, page = rule["annotations"]["runbook_url"].partition("/runbooks/")
        assert page == rule["alert"]
        hosts.add(host)
    assert len(hosts) == 1


def test_a_page_says_its_alerts_severity() -> None:
    """The page and the rule agree on who is to come, and when."""
    severities: dict[str, set[str]] = {}
    for rule in alerts():
        severities.setdefault(rule["alert"], set()).add(rule["labels"]["severity"])
    said = {
        name: set(re.findall(r"\*\*(page|ticket)\*\*", page.read_text().splitlines()[2]))
        for name, page in _pages().items()
    }
    assert said == severities


def test_every_alert_is_tested_firing_and_silent() -> None:
    """An alert that never fires, or always does, is found before it is needed."""
    firing: set[str] = set()
    silent: set[str] = set()
    for path in CASE_FILES:
        for case in yaml.safe_load(path.read_text())["tests"]:
            for check in case["alert_rule_test"]:
                (firing if check["exp_alerts"] else silent).add(check["alertname"])
    names = {rule["alert"] for rule in alerts()}
    assert firing == names
    assert silent == names


def test_rule_files_are_also_the_spec_of_a_prometheus_rule() -> None:
    """A file holds groups and nothing else, with keys that Kubernetes' kind has, too."""
    for path in RULE_FILES:
        document = yaml.safe_load(path.read_text())
        assert set(document) == {"groups"}, path.name
        for group in document["groups"]:
            assert set(group) <= GROUP_KEYS, group["name"]
            assert all(set(rule) <= RULE_KEYS for rule in group["rules"]), group["name"]


def test_links_of_runbooks_lead_somewhere() -> None:
    """A page that is followed at night has no dead ends: no missing page, no missing heading."""
    links = {
        (page, target, heading)
        for page in RUNBOOKS.glob("*.md")
        for target, heading in re.findall(r"\]\(([^)#:]+)#?([^)]*)\)", page.read_text())
    }
    assert [f"{p.name}: {to}" for p, to, _heading in links if not (RUNBOOKS / to).exists()] == []
    assert [
        f"{page.name}: {target}#{heading}"
        for page, target, heading in links
        if heading and heading not in _headings(RUNBOOKS / target)
    ] == []


def _headings(page: Path) -> set[str]:
    """Return the anchors of a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", line.lower()).replace(" ", "-") for line in found}
