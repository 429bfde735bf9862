"""Families of figures and their words, as Prometheus' library wants them."""

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

    The numbers of a counter and a gauge are one; a summary's are how many, and their sum; a histogram's are how many in
    each of the classes that `DELAYS` bounds, and their sum.
    """

    words: str
    labels: tuple[str, ...] = ()
    kind: Literal["counter", "gauge", "summary", "histogram"] = "counter"

    def metric(self, name: str, values: Values) -> Metric:
        """It with its values; what does not fit, as of a worker of another version, is left out."""
        fitting = {labels: numbers for labels, numbers in values.items() if len(labels) == len(self.labels)}
        if self.kind == "summary":
            return self._summary(name, fitting)
        if self.kind == "histogram":
            return self._histogram(name, fitting)
        kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        made = kind(name, self.words, labels=self.labels)
        for labels, numbers in fitting.items():
            made.add_metric(labels, numbers[0])
        return made

    def _summary(self, name: str, values: Values) -> Metric:
        made = SummaryMetricFamily(name, self.words, labels=self.labels)
        for labels, (count, total) in values.items():
            made.add_metric(labels, count_value=int(count), sum_value=total)
        return made

    def _histogram(self, name: str, values: Values) -> Metric:
        made = HistogramMetricFamily(name, self.words, labels=self.labels)
        for labels, (*classes, total) in values.items():
            below, buckets = 0.0, []
            for bound, count in zip(BOUNDS, classes, strict=True):
                below += count
                buckets.append((bound, below))
            made.add_metric(labels, buckets, sum_value=total)
        return made
