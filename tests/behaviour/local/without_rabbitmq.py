"""A plugin for pytest: a machine without RabbitMQ on which nothing can be installed."""

from __future__ import annotations

from herald_local import packages, rabbitmq_programs

rabbitmq_programs.find = lambda: None
packages.can_install = lambda: False
