"""Why an egress gave no connection. Pure."""

from __future__ import annotations

NO_EGRESS = "no_egress"  # the account's pool has no healthy member; its work comes back
PROXY_CONNECT = "proxy_connect"  # it can't be reached
PROXY_TIMEOUT = "proxy_timeout"  # it did not answer in time
PROXY_AUTH = "proxy_auth"  # it refuses our username and password
PROXY_REFUSED = "proxy_refused"  # its rules forbid this connection
PROXY_NO_ROUTE = "proxy_no_route"  # it could not reach the provider
PROXY_UNREADABLE = "proxy_unreadable"  # it answered what no such proxy answers
