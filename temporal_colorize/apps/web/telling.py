"""What the page says, as HTML. Names of files are the visitor's: all of it is escaped."""

from html import escape

from temporal_colorize.apps.service import Job
from temporal_colorize.apps.web.frames import address_of
from temporal_colorize.apps.web.given import Given
from temporal_colorize.inference.answer import Answer
from temporal_colorize.inference.answer_picture import draw_answer
from temporal_colorize.inference.statement import STATEMENT

_LEAST = 0.005  # probability, of a row
STATEMENT_BAR = f'<p class="statement" role="note">{escape(STATEMENT)}</p>'


def problem(words: str) -> str:
    """Say what went wrong."""
    return f'<p class="problem" role="alert">{escape(words)}</p>' if words else ""


def status(job: Job | None, *, name: str | None) -> str:
    """Say how far a job is, or what to do as long as there is none."""
    if job is None:
        waits = "Drop a clip or a picture, or click on an example." if name is None else f"{name}: looking at it …"
        return f'<p class="quiet">{escape(waits)}</p>'
    said = {"waiting": _waiting, "running": _running, "done": _done}.get(job.state, _over)(job)
    return f'<div class="state" data-state="{job.state}" role="status"><strong>{escape(job.name)}</strong> {said}</div>'


def _waiting(job: Job) -> str:
    before = (job.place or 1) - 1
    ahead = "next in the queue" if not before else f"{before} other{'s' * (before > 1)} waiting before it"
    return f"is waiting: {ahead}."


def _running(job: Job) -> str:
    total, left = job.total, job.seconds_left
    bar = f'<progress max="{total}" value="{min(job.frames, total)}"></progress>' if total else "<progress></progress>"
    of = f" of {total}" if total else ""
    rest = "" if left is None else f", about {_seconds(left)} left"
    return f"{bar} {job.frames}{of} pictures, {_seconds(job.elapsed)} so far{rest}."


def _done(job: Job) -> str:
    report = job.report
    plural = "s" * (report.frames != 1)
    parts = [f"is done: {report.frames} picture{plural} in {_seconds(job.elapsed)}"]
    parts += [f"{report.cuts} cut{'s' * (report.cuts > 1)}"] if report.cuts else []
    parts += [f"{len(report.hints)} given colour{'s' * (len(report.hints) > 1)}"] if report.hints else []
    notes = "".join(f"<li>{escape(note)}</li>" for note in job.as_json()["report"]["notes"])
    return "; ".join(parts) + "." + (f'<ul class="notes">{notes}</ul>' if notes else "")


def _over(job: Job) -> str:
    return "was cancelled." if job.state == "cancelled" else "could not be coloured."


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 90 else f"{int(seconds // 60)} min {int(seconds % 60)} s"


def given_list(given: list[Given]) -> str:
    """List the colours that were given, each with a button that takes it back."""
    if not given:
        return '<p class="quiet">None yet: click on a place whose colour you know, or paint over it.</p>'
    rows = "".join(
        f"<li>{_swatch(one.color)}{escape(str(one))} "
        f'<button data-remove="{number}" aria-label="Remove the {one}">×</button></li>'
        for number, one in enumerate(given)
    )
    return f'<ol class="given">{rows}</ol>'


def answer(said: Answer) -> str:
    """Show an answer: its picture, its text for whoever cannot see that, and its table."""
    rows = "".join(
        f"<tr><td>{_swatch(f'rgb{one.rgb}')}{escape(one.name)}</td>"
        f"<td>{100 * one.probability:.0f} %</td><td>{escape(one.such_as)}</td></tr>"
        for one in said.names
        if one.probability >= _LEAST
    )
    notes = "".join(f"<p>{escape(note)}</p>" for note in [*said.notes, said.statement])
    head = "<thead><tr><th>colour</th><th>probability</th><th>such as</th></tr></thead>"
    picture = f'<img src="{address_of(draw_answer(said))}" alt="{escape(str(said), quote=True)}">'
    return f'<div class="answer">{picture}<table>{head}<tbody>{rows}</tbody></table>{notes}</div>'


def watching(name: str, *, is_on: bool, rate: float, said: list[str]) -> str:
    """Say how a camera is doing, with what was told of its connection."""
    how = "has ended" if not is_on else f"{rate:.1f} pictures a second" if rate else "is being connected …"
    lines = "".join(f"<li>{escape(line)}</li>" for line in said)
    notes = f'<ul class="notes">{lines}</ul>' if lines else ""
    return f'<div class="state" role="status"><strong>{escape(name)}</strong> {how}{notes}</div>'


def _swatch(color: str) -> str:
    return f'<span class="swatch" style="background:{color}"></span>'
