"""What can be chosen at the top of a dashboard."""

from __future__ import annotations

from grafana_foundation_sdk.builders.dashboard import (
    ConstantVariable,
    DatasourceVariable,
    QueryVariable,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    VariableHide,
    VariableModel,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from herald_dashboards.scoping import scoped

Variable = Builder[VariableModel]

# Whatever Prometheus is chosen: no dashboard knows the uid of one.
DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
EVERYTHING = VariableOption(selected=True, text=["All"], value=["$__all"])


def datasource() -> Variable:
    """Choose the Prometheus."""
    variable = DatasourceVariable("datasource").label("Prometheus").type("prometheus")
    return variable.description("The Prometheus that scrapes Herald")


def runbooks(address: str) -> Variable:
    """Hold the address of the pages that panels link to."""
    variable = ConstantVariable("runbooks").label("Runbooks").value(address)
    return variable.description("Where the pages of docs/runbooks can be read")


def _labels(name: str, says: str, query: str) -> Variable:
    variable = QueryVariable(name).label(name.capitalize()).description(says)
    variable = variable.datasource(DATASOURCE).query(query).hide(VariableHide.DONT_HIDE)
    variable = variable.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    variable = variable.sort(VariableSort.ALPHABETICAL_ASC).current(EVERYTHING)
    return variable.multi(True).include_all(True).all_value(".*")


def namespace() -> Variable:
    """Choose among several Heralds that one Prometheus scrapes."""
    says = "Kubernetes namespaces that a Herald runs in; All, where Prometheus does not tell"
    return _labels("namespace", says, "label_values(herald_build_info, namespace)")


def channel() -> Variable:
    """Choose channels."""
    query = scoped("label_values(herald_sends_total, channel)")
    return _labels("channel", "Channels of configured accounts", query)


def account() -> Variable:
    """Choose accounts, among those of the chosen channels."""
    query = scoped('label_values(herald_sends_total{channel=~"$channel"}, account)')
    return _labels("account", "Configured accounts of the chosen channels", query)


def tenant() -> Variable:
    """Choose tenants."""
    query = scoped("label_values(herald_tenant_outcomes_total, tenant)")
    return _labels("tenant", "Configured tenants, and `unknown`", query)


def lane() -> Variable:
    """Choose lanes."""
    query = scoped("label_values(herald_receipts_lag_seconds, lane)")
    return _labels("lane", "Lanes: urgent, normal, bulk", query)


def provider() -> Variable:
    """Choose providers."""
    query = scoped("label_values(herald_webhook_seconds_count, provider)")
    return _labels("provider", "Providers that call ingress", query)


def queue() -> Variable:
    """Choose Herald's queues."""
    query = scoped("label_values(herald_deliveries_total, queue)")
    return _labels("queue", "Queues that Herald consumes", query)
