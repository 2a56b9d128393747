"""The two roles as tables, read from spec/v1/states.md: the specification itself is what runs."""

import re
from pathlib import Path

from .error import HandoffError

STATES = Path(__file__).resolve().parents[2] / "v1" / "states.md"


class Unexpected(Exception):
    """An event with neither a row nor a reason to ignore it: nothing has changed."""


class Table:
    """What one role does: `rows[state][event]` is a list of rows, empty for an event that is ignored there."""

    def __init__(self, role, text):
        self.rows = {}
        self.deadlines = {}
        #: States whose deadline starts with them, also where the state before has the same one.
        self.anew = set()
        for section in re.split(r"^#### ", text, flags=re.MULTILINE)[1:]:
            title = re.match(rf"{role}: (\w+)$", section, re.MULTILINE)
            if title is not None:
                # The next heading of any other level ends the last state of a role.
                self._read_state(title[1], re.split(r"^#+ ", section, flags=re.MULTILINE)[0])
        if not self.rows:
            raise HandoffError("OPTION_INVALID", f"{STATES} has no table of the {role}")

    def _read_state(self, state, section):
        events = self.rows[state] = {}
        deadline = re.search(r"Deadline: `(\w+)`(, starts anew)?", section)
        if deadline is not None:
            self.deadlines[state] = deadline[1]
            if deadline[2]:
                self.anew.add(state)
        for line in section.splitlines():
            if line.startswith("| `"):
                event, when, following, effects, facts = [cell.strip() for cell in line.strip("|").split("|")]
                events.setdefault(_name(event), []).append(
                    {
                        "when": _name(when),
                        "next": _name(following),
                        "effects": re.findall(r"`(\w+)`", effects),
                        "notes": re.findall(r"notes `(\w+)`", facts),
                        "forgets": re.findall(r"forgets `(\w+)`", facts),
                    }
                )
            elif line.startswith("- `"):
                for event in re.findall(r"`(\w+)`", line.split(": ")[0]):
                    events.setdefault(event, [])


def _name(cell):
    return cell.strip("` ")


class Machine:
    def __init__(self, table, state, facts=()):
        self._table = table
        self.state = state
        #: In the order in which they were noted.
        self.facts = list(facts)

    @property
    def deadline(self):
        return self._table.deadlines.get(self.state)

    def moves_deadline(self, before):
        """S-3: whether coming from that state starts, or stops, a deadline."""
        if self.state == before:
            return False
        return self.state in self._table.anew or self.deadline != self._table.deadlines.get(before)

    def handle(self, event):
        """The effects of an event, in their order; None: it is ignored. Raises Unexpected."""
        rows = self._table.rows[self.state].get(event)
        if rows is None:
            raise Unexpected(event)
        if not rows:
            return None
        row = next(row for row in rows if row["when"] == "" or row["when"] in self.facts)
        self.state = row["next"]
        noted = self.facts + [fact for fact in row["notes"] if fact not in self.facts]
        self.facts = [fact for fact in noted if fact not in row["forgets"]]
        return row["effects"]


def load():
    """The tables of the parent and of the child."""
    text = STATES.read_text()
    return Table("parent", text), Table("child", text)
