"""Reads what the Vagrantfile asks Vagrant for, with Vagrant's own objects replaced by a recorder."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
needs_ruby = pytest.mark.skipif(not shutil.which("ruby"), reason="ruby is not installed: the Vagrantfile was not tried")

# Records what is set and called; a block is run at once with a recorder of its own.
RECORDER = """
require "json"
class Recorder
  attr_reader :seen
  def initialize = @seen = {}
  def vm = self
  def respond_to_missing?(*) = true
  def method_missing(name, *arguments, **options, &block)
    inner = Recorder.new
    block&.call(inner)
    key = [name.to_s.chomp("="), *(arguments if block)].join(" ")
    value = block ? inner.seen : options.empty? ? arguments : [*arguments, options]
    return @seen[key].merge!(value) if block && @seen[key]
    return (@seen[key] ||= []) << value if %w[customize storage].include?(key)
    @seen[key] = value
  end
end
module Vagrant
  def self.has_plugin?(_name) = false
  def self.configure(_version)
    recorder = Recorder.new
    yield recorder
    puts JSON.generate(recorder.seen)
  end
end
load ARGV.first
"""


def recorded(inventory: str | Path = "inventory/vagrant", **settings: str) -> dict:
    """What the Vagrantfile asks Vagrant for. settings: CAMGRID_VAGRANT_… without what they all begin with."""
    command = ["ruby", "-W0", "-e", RECORDER, ROOT / "Vagrantfile"]
    told = {f"CAMGRID_VAGRANT_{name}": value for name, value in settings.items()}
    environment = os.environ | told | {"CAMGRID_VAGRANT_INVENTORY": str(inventory)}
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout)


def machines(seen: dict) -> dict[str, dict]:
    """name → its definition."""
    return {key.removeprefix("define "): value for key, value in seen.items() if key.startswith("define ")}


def written(directory: Path, text: str) -> Path:
    """An inventory's directory with that text in it."""
    (directory / "hosts.yml").write_text(text)
    return directory
