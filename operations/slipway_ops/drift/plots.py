"""Pictures of a report, as SVG inside the page."""

from html import escape

from slipway_ops.drift.record import Measured, Picture

WIDTH, HEIGHT, FOOT = 320, 110, 26
_REFERENCE, _CURRENT, _AXIS = "#9aa7b5", "#1f6feb", "#c8d0d8"


def bars(picture: Picture) -> str:
    """The shares of each cell, at training and now."""
    cells = len(picture.labels)
    most = max([*picture.reference, *picture.current, 1e-9])
    step = WIDTH / max(cells, 1)
    width = step * 0.4
    parts = []
    for number, label in enumerate(picture.labels):
        pairs = ((0.1, picture.reference[number], _REFERENCE), (0.5, picture.current[number], _CURRENT))
        for offset, share, colour in pairs:
            height = HEIGHT * share / most
            title = f"<title>{escape(label)}: {share:.1f} %</title>"
            parts.append(_rect(step * (number + offset), HEIGHT - height, width, height, colour, title))
    if cells:
        parts += [
            _text(2, HEIGHT + 14, picture.labels[0], "start"),
            _text(WIDTH - 2, HEIGHT + 14, picture.labels[-1], "end"),
        ]
    parts.append(f'<line x1="0" y1="{HEIGHT}" x2="{WIDTH}" y2="{HEIGHT}" stroke="{_AXIS}"/>')
    return _svg(WIDTH, HEIGHT + FOOT, "shares by cell: grey at training, blue now", parts)


def interval(measured: Measured) -> str:
    """A measure's interval beside its value at training."""
    half = measured.margin * 1.5
    ends = [measured.lower, measured.upper, measured.reference.value - half, measured.reference.value + half]
    low, high = min(ends), max(ends)
    span = max(high - low, 1e-9)

    def at(value: float) -> float:
        return 8 + (WIDTH - 16) * (value - low) / span

    colour = "#cf222e" if measured.worse else _CURRENT
    y = 20
    reference = at(measured.reference.value)
    parts = [
        _rect(at(measured.lower), y - 3, max(at(measured.upper) - at(measured.lower), 1), 6, colour, ""),
        f'<circle cx="{at(measured.value):.1f}" cy="{y}" r="5" fill="{colour}"/>',
        f'<line x1="{reference:.1f}" y1="4" x2="{reference:.1f}" y2="36" stroke="{_REFERENCE}" stroke-width="3"/>',
        _text(2, 50, f"{low:.3f}", "start"),
        _text(WIDTH - 2, 50, f"{high:.3f}", "end"),
    ]
    return _svg(WIDTH, 56, "interval now, and a line for the value at training", parts)


def _svg(width: float, height: float, label: str, parts: list[str]) -> str:
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg role="img" aria-label="{escape(label)}" {size}>{"".join(parts)}</svg>'


def _rect(x: float, y: float, width: float, height: float, colour: str, inside: str) -> str:
    shape = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"'
    return f"<rect {shape}>{inside}</rect>"


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="11" fill="#57606a" text-anchor="{anchor}">{escape(text[:24])}</text>'
