"""What a look found, in the text format of Prometheus."""

from collections.abc import Iterator

from slipway_ops.drift.record import Record
from slipway_ops.gate.instants import micros

DRIFT, QUALITY = "slipway_feature_drift", "slipway_model_quality"


def text(record: Record) -> str:
    """Gauges for a scraper's textfile; a statistic that says nothing, for want of rows, is left out."""
    return "".join(f"{line}\n" for line in _lines(record))


def _lines(record: Record) -> Iterator[str]:
    model = {"model": record.model}
    yield from _head(DRIFT, "How far a feature, or the model's answer, is from training.")
    for name, found in {**record.features, **record.outputs}.items():
        if not found.rows and not found.missing:
            continue
        values = {"psi": found.psi, "ks": found.ks, "chi_square": found.chi_square} if found.enough else {}
        values |= {"missing": found.missing, "unexpected": found.unexpected, "changed": float(found.changed)}
        for statistic, value in values.items():
            if value is not None:
                yield _line(DRIFT, {**model, "feature": name, "statistic": statistic}, value)
    yield from _head(QUALITY, "A measure of the model's answers, from the labels that have come.")
    for metric, measured in record.quality.items():
        for suffix, value in (("", measured.value), ("_lower", measured.lower), ("_upper", measured.upper)):
            yield _line(QUALITY, {**model, "release": record.release, "metric": metric + suffix}, value)
    for name, help_, value in (
        ("slipway_drift_alarm", "1: the window raised an alarm.", float(record.alarm)),
        ("slipway_drift_rows", "Answered requests in the window.", float(record.rows)),
        ("slipway_drift_window_end_seconds", "End of the window, since 1970.", micros(record.window.to) / 1e6),
    ):
        yield from _head(name, help_)
        yield _line(name, {**model, "release": record.release}, value)


def _head(name: str, help_: str) -> list[str]:
    return [f"# HELP {name} {help_}", f"# TYPE {name} gauge"]


def _line(name: str, labels: dict[str, str], value: float) -> str:
    shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
    return f"{name}{{{shown}}} {value!r}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
