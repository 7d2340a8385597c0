"""Tests of what Herald is deployed with. They need programs that `make test` does without.

`make deploy-check` installs those and runs these tests with HERALD_TEST_DEPLOY=1.
"""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("HERALD_TEST_DEPLOY") else ["*"]
