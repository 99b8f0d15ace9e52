"""`envelope`: each chunk inside `{"code":200,"message":"success","event":{…}}`."""

from streams.core.encoding import dump_json, to_utf8
from streams.core.sse import ServerSentEvent
from streams.core.steps import Step
from streams.exceptions import Problem
from streams.formats.base import Context, Writer
from streams.formats.breaking import break_json
from streams.formats.failures import find_failure
from streams.formats.plain import PlainFormat, PlainWriter


class EnvelopeWriter(PlainWriter):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        mark = context.event_id(0).removesuffix("0")
        self._before = (
            b'data: {"code":200,"message":"success","event":{"id":"%s' % mark.encode()
        )

    def said(self, step: Step) -> bytes:
        return b'%s%d","data":%s}}\n\n' % (self._before, step.position, step.json)

    def data(self, text: str, event_id: str, message: str) -> str:
        event = {"id": event_id, "data": text}
        return dump_json({"code": 200, "message": message, "event": event})

    def error(self, message: str, kind: str = "") -> bytes:
        code = find_failure(kind).status
        data = dump_json({"code": code, "message": message, "event": None})
        return ServerSentEvent(event="error", data=data).encode()

    def malformed(self, frame: bytes) -> bytes:
        return break_json(frame)


class EnvelopeFormat(PlainFormat):
    """For pages whose API answers everything with a code, a message and a content."""

    name = "envelope"

    def writer(self, context: Context) -> Writer:
        return EnvelopeWriter(context)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        answer = {"code": problem.status, "message": problem.message, "event": None}
        return "application/json", to_utf8(dump_json(answer) + "\n")
