"""Renders templates with Jinja2, the engine of Home Assistant, in the sandbox that it uses.

Reads [{"template": ..., "value": ..., "variables": ..., "states": ..., "native": ...}, ...] as JSON and writes the results
as a JSON list of strings; with `--lines`, one such list, result or error a line, until the input ends. As in Home
Assistant, `value` is the payload as text, `value_json` the same parsed where it is JSON, and results are stripped. `states`
lists the entities that Home Assistant's functions below read; a variable with an `entity_id` becomes a state object. With
`native`, a result that reads as a Python literal becomes a value, as the variables and data of scripts do. Stricter than
there: what is undefined is an error, instead of an empty text and a line in the log, and so is an entity that does not
exist, unless its id is empty.
"""

import ast
import json
import sys
from datetime import datetime, timedelta, timezone

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

unavailable = ("unavailable", "unknown")


class State:
    def __init__(self, entity):
        self.entity_id = entity["entity_id"]
        self.device_id = entity["device_id"]
        self.state = entity["state"]
        self.attributes = entity["attributes"]
        self.name = self.attributes.get("friendly_name", self.entity_id)
        self.last_changed = datetime.fromisoformat(entity["last_changed"])
        self.last_updated = datetime.fromisoformat(entity["last_updated"])


class States:
    """`states[entity_id]` is the object, `states(entity_id)` the state's text."""

    def __init__(self, entities):
        self._entities = {entity["entity_id"]: State(entity) for entity in entities}

    def __getitem__(self, entity_id):
        return self._entities[entity_id]

    def of_device(self, device_id):
        return [entity.entity_id for entity in self._entities.values() if entity.device_id == device_id]

    def __call__(self, entity_id):
        return self[entity_id].state


def now():
    return datetime.now(timezone.utc)


def relative_time(value):
    """Home Assistant's, for less than a minute; its wording of longer times is not needed here."""
    return f"{int((now() - value).total_seconds())} seconds"


def globals_of(states):
    return {
        "states": states,
        "device_id": lambda entity_id: states[entity_id].device_id,
        "device_entities": states.of_device,
        "state_attr": lambda entity_id, name: states[entity_id].attributes.get(name) if entity_id else None,
        "is_state": lambda entity_id, value: states(entity_id) == value,
        "has_value": lambda entity_id: states(entity_id) not in unavailable,
        "as_datetime": lambda text: datetime.fromisoformat(text.replace("Z", "+00:00")),
        "as_timestamp": lambda value: value.timestamp(),
        "relative_time": relative_time,
        "now": now,
        "timedelta": timedelta,
    }


def with_states(value):
    if isinstance(value, dict):
        if "entity_id" in value:
            return State(value)
        return {key: with_states(item) for key, item in value.items()}
    return value


def render(job):
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    environment.globals.update(globals_of(States(job.get("states", []))))
    environment.filters["to_json"] = lambda value: json.dumps(value, ensure_ascii=False)
    variables = with_states(job.get("variables", {}))
    if "value" in job:
        variables["value"] = job["value"]
    if isinstance(job.get("value"), str):
        try:
            variables["value_json"] = json.loads(job["value"])
        except ValueError:
            pass
    text = environment.from_string(job["template"]).render(variables).strip()
    return native(text) if job.get("native") else text


def native(text):
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
    return text if isinstance(value, str) else value


def render_lines():
    for line in sys.stdin:
        try:
            answer = {"results": [render(job) for job in json.loads(line)]}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if "--lines" in sys.argv:
    render_lines()
else:
    json.dump([render(job) for job in json.load(sys.stdin)], sys.stdout)
