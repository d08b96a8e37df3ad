from __future__ import annotations

import pytest

from nnctl.config.places import locate
from nnctl.config.schema import Config
from nnctl.config.semantics import CHECKS, Check, semantic_findings


@pytest.mark.parametrize("check", CHECKS)
def test_every_part_that_a_check_reads_exists(check: Check) -> None:
    reads = CHECKS[check]
    assert reads
    for part in reads:
        place = locate(part.split("."))
        assert any(place.path[-1] in model.model_fields for model in place.models)


def test_a_check_is_silent_about_what_is_wrong_already() -> None:
    config = Config.model_validate({"data": {}, "loss": "hinge"})
    assert len(semantic_findings(config)) == 1
    assert semantic_findings(config, (("data",),)) == []
    assert semantic_findings(config, (("data", "source"),)) == []
    assert len(semantic_findings(config, (("data", "split"),))) == 1
