"""A loopback server that stands in for LangSmith: it takes traces from the real client and keeps them as trees.

with Collector() as collector:
    subprocess.run(..., env={**os.environ, **collector.environment()})
    (root,) = collector.trees()
    assert root.name == "faq_parallel"
"""

from .collector import Collector, Fault
from .tree import Run

__all__ = ["Collector", "Fault", "Run"]
