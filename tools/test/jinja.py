"""Renders templates with Jinja2, the engine of Home Assistant, in the sandbox that it uses.

Reads [{"template": ..., "value": ...}, ...] as JSON and writes the results as a JSON list of strings. As in Home
Assistant, `value` is the payload as text, `value_json` the same parsed where it is JSON, and results are stripped.
Stricter than there: what is undefined is an error, instead of an empty text and a line in the log.
"""

import json
import sys

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def render(job):
    variables = {"value": job["value"]}
    if isinstance(job["value"], str):
        try:
            variables["value_json"] = json.loads(job["value"])
        except ValueError:
            pass
    return environment.from_string(job["template"]).render(variables).strip()


json.dump([render(job) for job in json.load(sys.stdin)], sys.stdout)
