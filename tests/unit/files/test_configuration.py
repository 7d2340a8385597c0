"""`[media]` of herald.toml."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from herald.egress.configuration import EgressRules
from herald.files.configuration import MediaRules


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ({"timeout": "11s"}, "timeout: more than 0s, at most 10s"),
        ({"largest": 40}, "largest_together: less than largest"),
        ({"memory": 20}, "memory: less than largest_together"),
        ({"private_networks": ["10.0.0.1/8"]}, "has host bits set"),
        ({"hosts": ["https://a.example"]}, "hosts.0"),
        ({"ports": [0]}, "ports.0"),
    ],
)
def test_what_does_not_fit_is_said(written: dict[str, object], problem: str) -> None:
    """With the field's name."""
    with pytest.raises(ValidationError) as caught:
        MediaRules.model_validate(written)
    assert problem in str(caught.value)


def test_an_egress_member_must_be_there() -> None:
    """Else files could not be fetched at all."""
    [problem] = MediaRules(egress="eu").problems(EgressRules())
    assert problem == "media.egress: no pool or member 'eu'"
