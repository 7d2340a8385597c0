"""Pictures of the dashboards for the docs, drawn from what a Prometheus answered.

Grafana draws its own way: these show what each panel holds, not how Grafana shows it.
"""
