"""What a person sees of a run: `report.html` and `report.json`."""

from oxidizer.miners.report.facts import RunFacts, TupleFacts, load_tuple, read_run
from oxidizer.miners.report.html import write_report
from oxidizer.miners.report.manifest import RunUnreadable

__all__ = ["RunFacts", "RunUnreadable", "TupleFacts", "load_tuple", "read_run", "write_report"]
