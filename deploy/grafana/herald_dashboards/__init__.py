"""Herald's dashboards for Grafana, written in Python: each module holds one of them."""
