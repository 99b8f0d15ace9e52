"""What is played beside a form: a stream that nobody has saved.

It is planned, broken and sent as any other, but for what a preview must not do: nothing
is stored or journaled, nobody has to release it, and it is bounded.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import uuid4

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from streams.admin.lasting import lasting
from streams.core import faults
from streams.core.acts import Act, Acting
from streams.core.pacing import Pacing
from streams.core.plan import Plan
from streams.formats.base import Context
from streams.formats.call import Call
from streams.formats.plain import PlainFormat
from streams.http import EventStreamResponse
from streams.models import Stream
from streams.models.script import PREFIX_LENGTH, Content, Rendering
from streams.playing.admission import admit
from streams.playing.run import Run
from streams.playing.shutdown import clock
from streams.preparing.faulting import Arming, first_due
from streams.preparing.limits import most_bytes, most_seconds
from streams.serving.recording import Place
from streams.templatetags.streams import duration, unbroken

MOST_SECONDS = 120
"""How much of a stream a preview plays."""

MOST_BYTES = 1_000_000

MOST_MEASURED = 50_000
"""Steps that are written to see how many bytes they have; those of more are reckoned
from them."""

FORMAT = PlainFormat()


class PreviewRun(Run):
    """Passes what would hold it: nobody is there to release it."""

    __slots__ = ()

    def _act(self, acting: Acting, now: float) -> bytes:
        return b"" if acting.act is Act.HOLD else super()._act(acting, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """An unsaved stream with all that decides how it plays."""

    stream: Stream
    content: Content
    plan: Plan
    context: Context
    refused: faults.Fault | None
    """The HTTP status that a call gets instead."""

    @classmethod
    def of(
        cls,
        stream: Stream,
        content: Content,
        *,
        armed: Iterable[faults.Fault] = (),
        prompt: str = "",
        seed: int = 0,
    ) -> "Rehearsal":
        """Plan a first call; raise ScriptError for a script that cannot be played."""
        call = Call(prompt=prompt)
        own_seed = stream.seed is not None
        seed = stream.seed if stream.seed is not None else seed
        fired = tuple(
            fault
            for fault in armed
            if fault.fires(seed=seed, own_seed=own_seed, call=lambda: 1)
        )
        plan, said = stream.plan(content, call, seed=seed)
        end = plan.steps.end
        plan, _placed = Arming(faults=fired).inject(plan)
        statuses = (fault for fault in fired if fault.kind == faults.Kind.STATUS)
        context = Context(
            run_id=uuid4().hex,
            # No slug: who controls the runs of a stream does not mean this one.
            slug=f"{stream.slug} (preview)",
            revision=content.content_digest()[:PREFIX_LENGTH],
            seed=seed,
            retry_ms=stream.retry_ms,
            end=end,
            call=call,
            finish=said.finish,
            stopped_at=said.stopped_at,
            ttft=first_due(plan),
            duration=plan.duration,
        )
        return cls(
            stream=stream,
            content=content,
            plan=plan,
            context=context,
            refused=next(statuses, None),
        )

    # In words

    def facts(self) -> dict[str, Any]:
        """Return what the page says of it, for JSON."""
        return {
            "line": self.line,
            "note": self.note,
            "template": self.content.rendering == Rendering.TEMPLATE,
            "cut": _("The preview ends here, after %(seconds)s; the stream does not.")
            % {"seconds": duration(MOST_SECONDS)}
            if self.plan.duration > MOST_SECONDS
            else "",
        }

    @property
    def line(self) -> str:
        """Say how it will be: "212 chunks · about 9.8 s (9.6–10.0 s with jitter) ·
        14 kB · first event after 300 ms". What a fault keeps from being sent does not
        count."""
        heard, count, lasts = self._heard()
        chunks = ngettext("%(count)s chunk", "%(count)s chunks", len(heard))
        first = self.context.ttft
        parts = [
            chunks % {"count": number_format(len(heard), force_grouping=True)},
            self._about(count, lasts),
            _in_bytes(self._size(heard)),
        ]
        if heard:
            after = duration(first) if first >= 10 else _("%(n)d ms")
            said = _("first event after %(time)s")
            parts.append(said % {"time": unbroken(after % {"n": round(first * 1000)})})
        return " · ".join(parts)

    @property
    def note(self) -> str:
        """Say what else whoever plays it will meet."""
        if self.refused is not None:
            what = _("On purpose, this call is answered with %(fault)s.")
            return what % {"fault": self.refused.what}
        most = most_seconds(self.stream)
        if most is not None and self.plan.duration > most:
            long = _("Too long: at most %(most)s are allowed, so a call is refused.")
            return long % {"most": duration(most)}
        told = [note for _index, _acting, note in faults.acts(self.plan.steps)]
        if told:
            return _("On purpose: %(faults)s.") % {"faults": "; ".join(told[:5])}
        return ""

    def _about(self, count: int, lasts: float) -> str:
        """Say how long it lasts; where jitter changes that from run to run, from when
        to when."""
        stream = self.stream
        if not stream.jitter_percent or stream.seed is not None:
            return _("about %(duration)s") % {"duration": duration(lasts)}
        pacing = Pacing(
            delay=stream.delay_ms / 1000,
            ttft=stream.ttft_ms / 1000,
            jitter=stream.jitter_percent / 100,
        )
        found = lasting(lasts, self.plan.steps, count, pacing, self.context.seed)
        said = {
            "duration": duration(found.expected),
            "least": duration(found.least),
            "most": duration(found.most),
        }
        if said["least"] == said["most"]:
            return _("about %(duration)s") % said
        if found.most < 59.9:
            # One unit for both.
            said["least"] = number_format(round(found.least, 1), 1)
        return _("about %(duration)s (%(least)s–%(most)s with jitter)") % said

    def _heard(self) -> tuple[list[int], int, float]:
        """Return the indices of the steps that say something before it ends, how many
        steps there are until then, and when that is."""
        steps = self.plan.steps
        stop, lasts = len(steps), self.plan.duration
        for index, acting, _note in faults.acts(steps):
            if acting.act in faults.ENDINGS:
                stop, lasts = index, self.plan.due[index]
        silent = {
            index
            for index, direction in steps.directions.items()
            if isinstance(direction.value, Acting)
        }
        return [i for i in range(stop) if i not in silent], stop, lasts

    def _size(self, heard: list[int]) -> int:
        """Return the bytes that are sent, without heartbeats."""
        writer = FORMAT.writer(self.context)
        made = self.plan.steps.made
        ends = len(writer.opening()) + len(writer.closing())
        size = sum(len(writer.step(made[i])) for i in islice(heard, MOST_MEASURED))
        return ends + size * max(len(heard), 1) // max(
            min(len(heard), MOST_MEASURED), 1
        )

    # As a stream

    def response(self, client: str, headers: dict[str, str]) -> EventStreamResponse:
        """Play it; raise Problem where there is no room for another stream."""
        # It takes no place of the stream's own: those are for its callers.
        place = Place(admit(Stream(), client))
        own = most_bytes(self.stream)
        run = PreviewRun(
            self.plan.until(MOST_SECONDS),
            FORMAT,
            self.context,
            clock=clock,
            heartbeat=self.stream.heartbeat_s,
            max_bytes=MOST_BYTES if own is None else min(own, MOST_BYTES),
            on_begin=place.begin,
            on_end=place.end,
        )
        return EventStreamResponse(
            run,
            content_type=FORMAT.media_type,
            private=True,
            headers=headers,
            max_seconds=2 * MOST_SECONDS,
        )


def _in_bytes(size: int) -> str:
    """Say a size: "640 bytes", "14 kB"."""
    if size < 1000:
        said = ngettext("%(n)s byte", "%(n)s bytes", size) % {"n": size}
    elif size < 1_000_000:
        digits = 1 if size < 9950 else 0
        said = _("%(n)s kB") % {"n": number_format(round(size / 1000, digits), digits)}
    else:
        said = _("%(n)s MB") % {"n": number_format(round(size / 1_000_000, 1), 1)}
    return unbroken(said)
