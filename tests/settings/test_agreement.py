"""What the loader takes, the pipeline takes; what it refuses, it refuses for all."""

from __future__ import annotations

from tests.settings.test_block import FULL

import hiq
from hiq.settings import load

ENV = {"HOME": "/home/u"}


def test_every_key_of_the_block_reaches_the_pipeline(tmp_path):
    """A block with every key makes a pipeline, without any translation."""
    path = tmp_path / "hiq.yaml"
    path.write_text("influxdb:\n" + "".join(f"  {x}\n" for x in FULL.split("\n")))
    settings = load(path, env=ENV)
    pipeline = hiq.Pipeline(settings.pipeline_options)
    assert pipeline.take() == b""


def test_defaults_reach_the_pipeline(tmp_path):
    """Without a block the pipeline gets the schemas of the sinks alone."""
    path = tmp_path / "hiq.yaml"
    path.write_text("sinks: [{type: stdout}]\n")
    assert hiq.Pipeline(load(path, env=ENV).pipeline_options).take("ha") == b""
