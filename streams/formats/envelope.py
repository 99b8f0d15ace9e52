"""`envelope`: each chunk inside `{"code":200,"message":"success","event":{…}}`."""

from streams.core.sse import ServerSentEvent, to_utf8
from streams.exceptions import Problem
from streams.formats.base import Context, Writer, dump_json
from streams.formats.plain import PlainFormat, PlainWriter


class EnvelopeWriter(PlainWriter):
    def data(self, text: str, event_id: str, message: str) -> str:
        event = {"id": event_id, "data": text}
        return dump_json({"code": 200, "message": message, "event": event})

    def error(self, message: str) -> bytes:
        data = dump_json({"code": 500, "message": message, "event": None})
        return ServerSentEvent(event="error", data=data).encode()


class EnvelopeFormat(PlainFormat):
    """For pages whose API answers everything with a code, a message and a content."""

    name = "envelope"

    def writer(self, context: Context) -> Writer:
        return EnvelopeWriter(context)

    def problem(self, problem: Problem) -> tuple[str, bytes]:
        answer = {"code": problem.status, "message": problem.message, "event": None}
        return "application/json", to_utf8(dump_json(answer) + "\n")
