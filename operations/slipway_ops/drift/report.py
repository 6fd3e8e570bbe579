"""The report of a look: one HTML file that needs nothing else, neither a script nor the network."""

from collections.abc import Iterable
from html import escape

from slipway_ops.drift import plots
from slipway_ops.drift.record import Compared, Record

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1f2328;max-width:1060px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;font-variant-numeric:tabular-nums}
.alarm{color:#cf222e}.calm{color:#1a7f37}.note{color:#9a6700}.small{color:#57606a;font-size:.85rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:1rem}
.card{border:1px solid #d0d7de;border-radius:6px;padding:.7rem}.card h3{font-size:1rem;margin:0}
.card.changed{border-color:#cf222e}
"""
_HEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    '<meta name="viewport" content="width=device-width"><title>{title}</title><style>'
    + _STYLE
    + "</style></head><body>"
)


def html(record: Record) -> str:
    """The page; what changed comes first."""
    title = escape(f"Drift of {record.model}, {record.window.from_[:10]} to {record.window.to[:10]}")
    word, tone = ("alarm", "alarm") if record.alarm else ("no alarm", "calm")
    parts = [
        _HEAD.replace("{title}", title),
        f"<h1>{title}: <span class={tone}>{word}</span></h1><p>{escape(record.reason)}</p>",
        f"<p class=small>release {escape(record.release)} · {record.rows:,} answered requests · made at "
        f"{escape(record.made_at)} · reference {escape(record.reference)} ({record.reference_sha256[:12]})</p>",
        *_findings(record),
        *_quality(record),
        *_columns("Answers", record.outputs),
        *_columns("Features", record.features),
        "<p class=small>Grey: at training. Blue: in the window. A difference is a finding when chance explains it in"
        f" fewer than {record.config.alpha:.1%} of windows, over all tests together (Benjamini-Yekutieli), and it is at"
        " least as large as its threshold. A seasonal feature changed as much during training already and never alarms"
        " alone.</p>",
        "</body></html>\n",
    ]
    return "".join(parts)


def _findings(record: Record) -> Iterable[str]:
    if not record.findings:
        return
    yield "<h2>Findings</h2><table><tr><th>what</th><th>name</th><th>found</th><th>alarms</th></tr>"
    for one in record.findings:
        alarms = "<span class=alarm>yes</span>" if one.alone else "<span class=note>not alone: seasonal</span>"
        yield f"<tr><td>{one.kind}</td><td>{escape(one.name)}</td><td>{escape(one.detail)}</td><td>{alarms}</td></tr>"
    yield "</table>"


def _quality(record: Record) -> Iterable[str]:
    if not record.quality:
        return
    yield "<h2>Quality, from labels</h2><div class=cards>"
    for name, one in record.quality.items():
        numbers = (
            f"{one.value:.4f} ({one.lower:.4f} to {one.upper:.4f}) from {one.rows:,} labels; at training "
            f"{one.reference.value:.4f}; may be worse by {one.margin:g}"
        )
        yield f'<div class="card{" changed" if one.worse else ""}"><h3>{escape(name)}</h3>'
        yield f"<p class=small>{numbers}</p>{plots.interval(one)}</div>"
    yield "</div>"


def _columns(title: str, columns: dict[str, Compared]) -> Iterable[str]:
    if not columns:
        return
    yield f"<h2>{title}</h2><div class=cards>"
    order = sorted(columns, key=lambda name: (not columns[name].changed, -columns[name].psi, name))
    for name in order:
        one = columns[name]
        season = " · <span class=note>seasonal</span>" if one.seasonal else ""
        distance = "" if one.ks is None else f" · KS {one.ks:.3f}"
        numbers = f"PSI {one.psi:.3f} (from {one.threshold_psi:.2f}){distance} · p {one.p_value:.2g}{season}"
        few = "" if one.enough else " · <span class=note>too few rows</span>"
        shares = (
            f"missing {one.missing:.1%} (training {one.missing_reference:.1%}), unexpected {one.unexpected:.1%} "
            f"(training {one.unexpected_reference:.1%})"
        )
        yield f'<div class="card{" changed" if one.changed else ""}"><h3>{escape(name)}</h3>'
        yield f"<p class=small>{numbers}{few}<br>{shares}</p>{plots.bars(one.picture)}</div>"
    yield "</div>"
