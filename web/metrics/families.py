"""Families of metrics, as Prometheus' library takes them."""

from dataclasses import dataclass
from typing import Literal

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)

from delivery.counters import DELAYS
from web.metrics.aggregation import Values

BOUNDS = [*map(str, DELAYS), "+Inf"]


@dataclass(frozen=True, slots=True)
class Family:
    """One family: its help, the names of its labels, its kind.

    A counter or gauge has one number; a summary has a count and a sum; a histogram has a count for each of the classes
    that `DELAYS` bounds, and a sum.
    """

    help: str
    labels: tuple[str, ...] = ()
    kind: Literal["counter", "gauge", "summary", "histogram"] = "counter"

    def metric(self, name: str, values: Values) -> Metric:
        """Return the family with its values; values with other labels, as of another version, are left out."""
        fitting = {labels: numbers for labels, numbers in values.items() if len(labels) == len(self.labels)}
        if self.kind == "summary":
            return self._summary(name, fitting)
        if self.kind == "histogram":
            return self._histogram(name, fitting)
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = kind(name, self.help, labels=self.labels)
        for labels, numbers in fitting.items():
            family.add_metric(labels, numbers[0])
        return family

    def _summary(self, name: str, values: Values) -> Metric:
        family = SummaryMetricFamily(name, self.help, labels=self.labels)
        for labels, (count, total) in values.items():
            family.add_metric(labels, count_value=int(count), sum_value=total)
        return family

    def _histogram(self, name: str, values: Values) -> Metric:
        family = HistogramMetricFamily(name, self.help, labels=self.labels)
        for labels, (*classes, total) in values.items():
            below, buckets = 0.0, []
            for bound, count in zip(BOUNDS, classes, strict=True):
                below += count
                buckets.append((bound, below))
            family.add_metric(labels, buckets, sum_value=total)
        return family
