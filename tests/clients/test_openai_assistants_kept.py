"""What the Assistants API keeps: objects, their lists, their owners, their workers."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import openai
import pytest
from httpx_sse import connect_sse
from openai.types.beta import (
    Assistant,
    AssistantDeleted,
    AssistantStreamEvent,
    Thread,
    ThreadDeleted,
)
from openai.types.beta.threads import Message, MessageDeleted, Run
from openai.types.beta.threads.runs import RunStep

from tests.clients import assistants_content
from tests.clients.assistants import (
    DEPRECATED,
    HELLO,
    answers,
    assistant,
    begin,
    connect,
    outputs,
    spoken,
)
from tests.clients.scripts import HOSTILE
from tests.clients.strict import validate

pytestmark = pytest.mark.filterwarnings(DEPRECATED)

TOOL = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture
def http(api):
    with httpx.Client(base_url=f"{api}/v1", trust_env=False) as http:
        yield http


# --- Objects --------------------------------------------------------------------------


def test_assistants_come_and_go(beta):
    settings = {
        "name": "Ann",
        "description": "Helps",
        "instructions": "Help.",
        "tools": [TOOL, {"type": "code_interpreter"}],
        "tool_resources": {"code_interpreter": {"file_ids": ["file_1"]}},
        "metadata": {"a": "b"},
        "temperature": 0.5,
        "top_p": 0.25,
        "response_format": {"type": "json_object"},
    }
    made = beta.assistants.create(model="words", **settings)
    shown = made.model_dump(exclude_none=True)
    assert settings.items() <= shown.items()
    assert beta.assistants.retrieve(made.id) == made
    changed = beta.assistants.update(made.id, name=None, model="hostile")
    assert (changed.name, changed.model, changed.metadata) == (
        *(None, "hostile", {"a": "b"}),
    )
    assert beta.assistants.retrieve(made.id) == changed
    assert made.id in [one.id for one in beta.assistants.list()]
    assert beta.assistants.delete(made.id).deleted
    with pytest.raises(openai.NotFoundError, match="No assistant found with id 'asst_"):
        beta.assistants.retrieve(made.id)


def test_a_run_takes_after_its_assistant_unless_told_otherwise(beta):
    settings = {
        "instructions": "Help.",
        "tools": [TOOL],
        "temperature": 0.5,
        "top_p": 0.25,
        "response_format": {"type": "text"},
    }
    given = begin(beta, **settings)
    run = beta.threads.runs.create_and_poll(**given)
    assert settings.items() <= run.model_dump(exclude_none=True).items()
    own = {
        "instructions": "Help!",
        "tools": [],
        "temperature": 0.0,
        "metadata": {"k": "v"},
        "max_prompt_tokens": 300,
        "parallel_tool_calls": False,
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "truncation_strategy": {"type": "last_messages", "last_messages": 5},
    }
    run = beta.threads.runs.create_and_poll(**given, **own)
    assert own.items() <= run.model_dump(exclude_none=True).items()
    assert run.top_p == 0.25
    where = {"thread_id": run.thread_id}
    updated = beta.threads.runs.update(run.id, **where, metadata={"x": "y"})
    assert updated.metadata == {"x": "y"}
    assert beta.threads.runs.retrieve(run.id, **where) == updated


def test_threads_and_messages_come_and_go(beta, project):
    image = {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}
    thread = beta.threads.create(
        messages=[
            {"role": "user", "content": "Hi", "metadata": {"a": "b"}},
            {"role": "assistant", "content": "Ho"},
        ],
        metadata={"c": "d"},
    )
    assert thread.metadata == {"c": "d"}
    where = {"thread_id": thread.id}
    assert beta.threads.update(thread.id, metadata={"e": "f"}).metadata == {"e": "f"}
    assert beta.threads.retrieve(thread.id).metadata == {"e": "f"}
    made = beta.threads.messages.create(
        **where,
        role="user",
        content=[{"type": "text", "text": "Look"}, image],
        attachments=[{"file_id": "file_1", "tools": [{"type": "file_search"}]}],
    )
    assert beta.threads.messages.retrieve(made.id, **where) == made
    assert made.content[1].image_url.url == "https://x.test/a.png"
    assert made.attachments[0].file_id == "file_1"
    listed = beta.threads.messages.list(**where, order="asc")
    assert [spoken(message) for message in listed] == ["Hi", "Ho", "Look"]
    updated = beta.threads.messages.update(made.id, **where, metadata={"g": "h"})
    assert updated.metadata == {"g": "h"}
    assert beta.threads.messages.delete(made.id, **where).deleted
    with pytest.raises(openai.NotFoundError, match="No message found"):
        beta.threads.messages.retrieve(made.id, **where)
    run = beta.threads.runs.create_and_poll(**where, assistant_id=assistant(beta))
    assert sorted(project.call(assistants_content.below, thread.id)) == [
        *("thread.message", "thread.message", "thread.message"),
        *("thread.run", "thread.run.step"),
    ]
    assert beta.threads.delete(thread.id).deleted
    assert project.call(assistants_content.below, thread.id) == []
    with pytest.raises(openai.NotFoundError, match="No thread found"):
        beta.threads.runs.retrieve(run.id, **where)


def test_lists_come_in_pages(beta):
    thread = beta.threads.create()
    said = [
        beta.threads.messages.create(thread.id, role="user", content=f"{n}").id
        for n in range(5)
    ]

    def page(**query):
        found = beta.threads.messages.list(thread.id, **query)
        numbers = "".join(spoken(message) for message in found.data)
        return numbers, found.has_more

    assert page() == ("43210", False)
    assert page(order="asc") == ("01234", False)
    assert page(limit=2) == ("43", True)
    assert page(limit=2, after=said[3]) == ("21", True)
    assert page(limit=2, after=said[1]) == ("0", False)
    assert page(limit=2, before=said[1]) == ("32", True)
    assert page(limit=2, before=said[3]) == ("4", False)
    assert page(limit=2, order="asc", after=said[1]) == ("23", True)
    assert page(order="asc", after=said[0], before=said[3]) == ("12", False)
    everything = beta.threads.messages.list(thread.id, limit=2)
    assert [message.id for message in everything] == said[::-1]
    empty = beta.threads.messages.list(beta.threads.create().id)
    assert (empty.data, empty.has_more) == ([], False)


def test_messages_of_one_run(beta):
    given = begin(beta, "turns")
    runs = [beta.threads.runs.create_and_poll(**given) for _ in range(2)]
    for run in runs:
        [message] = beta.threads.messages.list(run.thread_id, run_id=run.id)
        assert message.run_id == run.id
    assert [r.id for r in beta.threads.runs.list(run.thread_id)] == [
        *(runs[1].id, runs[0].id)
    ]


# --- Errors ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "status", "param", "words"),
    [
        ("assistants", {}, 400, "model", "Missing required parameter: 'model'."),
        ("assistants", {"model": 7}, 400, "model", "expected a string"),
        ("assistants", {"model": "nonesuch"}, 404, "model", "Known: busy"),
        ("assistants", {"model": "words", "top_p": 2}, 400, "top_p", "from 0 to 1"),
        (
            "assistants",
            {"model": "words", "tools": [{"type": "magic"}]},
            400,
            "tools[0].type",
            "'magic' is none of code_interpreter, file_search, function",
        ),
        (
            "assistants",
            {"model": "words", "tools": [{"type": "function", "function": {}}]},
            400,
            "tools[0].function.name",
            "Missing required parameter",
        ),
        (
            "assistants",
            {"model": "words", "metadata": {"a": 1}},
            400,
            "metadata.a",
            "expected a string, but got an integer",
        ),
        (
            "assistants",
            {"model": "words", "metadata": {f"{n}": "" for n in range(17)}},
            400,
            "metadata",
            "at most 16",
        ),
        ("assistants", {"model": "words", "name": "x" * 257}, 400, "name", "256"),
        ("threads", {"messages": "hi"}, 400, "messages", "an array of objects"),
        (
            "threads",
            {"messages": [{"role": "system", "content": "x"}]},
            400,
            "messages[0].role",
            "'system' is none of user, assistant",
        ),
        (
            "threads",
            {"messages": [{"role": "user", "content": ""}]},
            400,
            "messages[0].content",
            "empty",
        ),
        (
            "threads",
            {"messages": [{"role": "user", "content": [{"type": "x"}]}]},
            400,
            "messages[0].content[0].type",
            "'x' is none of text, image_file, image_url",
        ),
        ("threads/runs", {}, 400, "assistant_id", "Missing required parameter"),
        ("threads/runs", {"assistant_id": "asst_x"}, 404, None, "No assistant found"),
        ("threads/runs", {"assistant_id": "\0"}, 404, None, "No assistant found"),
        ("threads/thread_x/runs", {}, 404, None, "No thread found with id 'thread_x'"),
    ],
)
def test_errors_say_what_is_wrong_as_openai_does(
    http, path, body, status, param, words
):
    content = json.dumps(body)
    response = http.post(path, content=content)
    error = response.json()["error"]
    assert (response.status_code, error["param"]) == (status, param), error
    assert words in error["message"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    ("options", "param", "words"),
    [
        ({"stream": "yes"}, "stream", "a boolean"),
        ({"max_completion_tokens": 0}, "max_completion_tokens", "0 is not from 1"),
        ({"tool_choice": "magic"}, "tool_choice", "auto, none, required"),
        ({"truncation_strategy": {"type": "x"}}, "truncation_strategy.type", "auto"),
        ({"model": "draft"}, "model", "does not exist"),
        ({"additional_messages": [{"role": "user"}]}, None, "additional_messages[0]"),
    ],
)
def test_a_run_that_is_refused_leaves_nothing(beta, http, options, param, words):
    given = begin(beta)
    thread, body = given["thread_id"], given | options
    response = http.post(
        f"threads/{thread}/runs", json=body, headers={"Authorization": "Bearer any"}
    )
    error = response.json()["error"]
    assert 400 <= response.status_code <= 404
    assert param in (None, error["param"])
    assert words in error["message"]
    assert len(beta.threads.messages.list(thread).data) == 1
    assert beta.threads.runs.list(thread).data == []


def test_bodies_that_nothing_can_keep(http):
    for content, words in (
        (b"{", "The body is not JSON"),
        (b"[]", "this one is an array"),
        (b'{"metadata": {"a": NaN}}', "it holds NaN"),
        (b'{"metadata": {"a": 1e400}}', "has too large a number"),
        (b'{"metadata": ' + b'{"a":' * 200 + b"1" + b"}" * 201, "nested"),
    ):
        response = http.post("threads", content=content)
        assert response.status_code == 400, response.text
        assert words in response.json()["error"]["message"]
    # As in the reference: `curl https://api.openai.com/v1/threads -d ''`.
    made = http.post("threads").json()
    assert http.get(f"threads/{made['id']}").json() == made


def test_texts_that_databases_refuse_are_cleaned(http):
    content = '{"messages": [{"role": "user", "content": "a\\u0000b\\ud800c"}]}'
    thread = http.post("threads", content=content).json()["id"]
    [message] = http.get(f"threads/{thread}/messages").json()["data"]
    assert message["content"][0]["text"]["value"] == "ab\ufffdc"


def test_queries_that_make_no_sense(http):
    thread = http.post("threads").json()["id"]
    for query, param in (
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=101", "limit"),
        ("order=up", "order"),
        ("after=msg_x", "after"),
        ("before=%00", "before"),
    ):
        response = http.get(f"threads/{thread}/messages?{query}")
        assert response.status_code == 400
        assert response.json()["error"]["param"] == param
    assert http.get(f"threads/{thread}/messages?run_id=%00").json()["data"] == []
    assert http.get("threads/%00").status_code == 404
    assert http.put(f"threads/{thread}").status_code == 405
    assert http.get("threads").headers["allow"] == "POST, OPTIONS"
    assert http.head(f"threads/{thread}").status_code == 200
    assert http.get(f"threads/{thread}/magic").status_code == 404


# --- Owners ---------------------------------------------------------------------------


def test_a_key_opens_what_is_for_holders_of_one(api, issue_key):
    def ask(secret):
        with connect(api, secret) as beta:
            run = beta.threads.runs.create_and_poll(**begin(beta, "keyed"))
            return answers(beta, run.thread_id)

    assert ask(issue_key()) == ["secret"]
    assert ask(issue_key("keyed")) == ["secret"]
    with pytest.raises(openai.PermissionDeniedError):
        ask(issue_key("words"))
    with pytest.raises(openai.AuthenticationError, match="is no API key"):
        ask("any")


def test_nobody_sees_what_others_keep(api, beta):
    run = beta.threads.runs.create_and_poll(**begin(beta, "weather"))
    where = {"run_id": run.id, "thread_id": run.thread_id}
    with connect(api, "other") as other:
        own = other.threads.create()
        for forbidden in (
            lambda: other.assistants.retrieve(run.assistant_id),
            lambda: other.assistants.delete(run.assistant_id),
            lambda: other.threads.retrieve(run.thread_id),
            lambda: other.threads.messages.list(run.thread_id),
            lambda: other.threads.messages.create(
                run.thread_id, role="user", content="x"
            ),
            lambda: other.threads.runs.retrieve(**where),
            lambda: other.threads.runs.cancel(**where),
            lambda: other.threads.runs.submit_tool_outputs(
                **where, tool_outputs=outputs(run)
            ),
            lambda: other.threads.runs.create(
                own.id, assistant_id=run.assistant_id, stream=True
            ),
            # Nor through a thread of one's own.
            lambda: other.threads.runs.retrieve(run.id, thread_id=own.id),
        ):
            with pytest.raises(openai.NotFoundError):
                forbidden()
        assert run.assistant_id not in [one.id for one in other.assistants.list()]
    assert beta.threads.runs.retrieve(**where) == run


# --- Workers, and time ----------------------------------------------------------------


def test_any_worker_knows_what_became_of_a_run(api, daphne, beta):
    """Begun at one, read at two at the same time: it is kept once."""
    headers = {"Authorization": "Bearer any"}
    with (
        httpx.Client(headers=headers, trust_env=False) as http,
        ThreadPoolExecutor(8) as readers,
    ):
        for _ in range(4):
            run = beta.threads.runs.create(**begin(beta, "hostile"))
            paths = [
                f"{server}/v1/threads/{run.thread_id}/messages"
                for server in (api, daphne) * 4
            ]
            # Among all these writers SQLite may be busy for a while.
            pages = readers.map(lambda path: http.get(path, timeout=30).json(), paths)
            for page in pages:
                said = [message["role"] for message in page["data"]]
                assert said == ["assistant", "user"]


def test_a_stream_is_read_at_another_worker(api, daphne, beta):
    given = begin(beta, "paced")
    with connect(daphne) as elsewhere:
        for event in elsewhere.threads.runs.create(**given, stream=True):
            last = event
    # At once, and whole.
    run = beta.threads.runs.retrieve(last.data.id, thread_id=given["thread_id"])
    assert run == last.data
    assert answers(beta, given["thread_id"]) == ["abcdefghijk"]


def test_a_stream_of_another_worker_goes_on_when_cancelled(api, daphne, beta):
    given = begin(beta, "paced")
    with (
        connect(daphne) as elsewhere,
        elsewhere.threads.runs.create(**given, stream=True) as stream,
    ):
        where = {"run_id": next(stream).data.id, "thread_id": given["thread_id"]}
        time.sleep(0.35)
        beta.threads.runs.cancel(**where)
        assert list(stream)[-1].event == "thread.run.completed"
    assert beta.threads.runs.retrieve(**where).status == "cancelled"
    [said] = answers(beta, given["thread_id"])
    assert 2 <= len(said) <= 7


def test_edits_do_not_change_what_has_begun(beta, publish, project):
    publish("edited", "abcde", delay_ms=100)
    run = beta.threads.runs.create(**begin(beta, "edited"))
    publish("edited", "something else")
    project.call(assistants_content.delete_stream, "edited")
    run = beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    assert run.status == "completed"
    assert answers(beta, run.thread_id) == ["abcde"]


def test_edits_do_not_change_what_comes_after_tools(beta, publish):
    tool = '<!-- stream: tool f {"a": 1} -->'
    publish("edited-tools", f"one{tool}two")
    run = beta.threads.runs.create_and_poll(**begin(beta, "edited-tools"))
    publish("edited-tools", "three")
    beta.threads.runs.submit_tool_outputs_and_poll(
        run_id=run.id, thread_id=run.thread_id, tool_outputs=outputs(run)
    )
    assert answers(beta, run.thread_id) == ["one", "two"]


def test_results_for_a_script_that_is_gone(beta, publish, project):
    """The stream may be there again, with another script: that is not what was asked."""
    script = '<!-- stream: tool f {"a": 1} -->two'
    publish("deleted-tools", script)
    run = beta.threads.runs.create_and_poll(**begin(beta, "deleted-tools"))
    project.call(assistants_content.delete_stream, "deleted-tools", with_script=True)
    where = {"run_id": run.id, "thread_id": run.thread_id}
    submit = beta.threads.runs.submit_tool_outputs
    with pytest.raises(openai.NotFoundError, match="'deleted-tools' does not exist"):
        submit(**where, tool_outputs=outputs(run))
    publish("deleted-tools", script)
    with pytest.raises(openai.BadRequestError, match="was deleted. Cancel the run"):
        submit(**where, tool_outputs=outputs(run))
    beta.threads.runs.cancel(**where)
    assert beta.threads.runs.retrieve(**where).status == "cancelled"


def test_a_run_fails_whose_script_is_gone(beta, publish, project):
    publish("deleted", "abcde", delay_ms=50)
    run = beta.threads.runs.create(**begin(beta, "deleted"))
    project.call(assistants_content.delete_stream, "deleted", with_script=True)
    run = beta.threads.runs.poll(run.id, thread_id=run.thread_id)
    assert (run.status, run.last_error.code) == ("failed", "server_error")
    assert answers(beta, run.thread_id) == []


def test_nobody_waits_for_results_longer_than_ten_minutes(beta, project):
    run = beta.threads.runs.create_and_poll(**begin(beta, "weather"))
    assert 590 <= run.expires_at - run.created_at <= 610
    project.call(assistants_content.change, run.id, expires_at=int(time.time()))
    where = {"run_id": run.id, "thread_id": run.thread_id}
    with pytest.raises(openai.BadRequestError, match='"expired"'):
        beta.threads.runs.submit_tool_outputs(**where, tool_outputs=outputs(run))
    assert beta.threads.runs.retrieve(**where).status == "expired"
    assert beta.threads.runs.steps.list(**where).data[0].status == "expired"
    # The thread is free again.
    beta.threads.messages.create(run.thread_id, role="user", content="x")


def test_a_message_deleted_meanwhile_changes_nothing(beta):
    given = begin(beta, "turns")
    run = beta.threads.runs.create(**given)
    [message] = beta.threads.messages.list(run.thread_id, order="asc", limit=1).data
    beta.threads.messages.delete(message.id, thread_id=run.thread_id)
    assert answers(beta, run.thread_id) == ["First: Hello"]


def test_what_is_in_use_is_kept(beta, project):
    unused, used = begin(beta), begin(beta)
    beta.threads.runs.create_and_poll(**unused)
    project.call(assistants_content.age, 31, *unused.values(), *used.values())
    # Old as its message is: its thread is not forgotten, nor is its assistant.
    beta.threads.runs.create_and_poll(**used)
    project.call(assistants_content.prune)
    assert len(beta.threads.messages.list(used["thread_id"]).data) == 2
    assert beta.assistants.retrieve(used["assistant_id"])
    for gone in (
        lambda: beta.threads.retrieve(unused["thread_id"]),
        lambda: beta.assistants.retrieve(unused["assistant_id"]),
    ):
        with pytest.raises(openai.NotFoundError):
            gone()
    assert project.call(assistants_content.below, unused["thread_id"]) == []


# --- Types ----------------------------------------------------------------------------

SHOWN = ["hostile", "words", "reasoning", "refusal", "weather", "filtered", "system"]


@pytest.mark.parametrize("model", SHOWN)
def test_every_body_fits_the_types_of_the_sdk(http, model):
    made = http.post("assistants", json={"model": model, "tools": [TOOL]}).json()
    validate(Assistant, made)
    body = {"assistant_id": made["id"], "thread": {"messages": HELLO}, "stream": True}
    run = stream(http, "threads/runs", body)
    url = f"threads/{run['thread_id']}"
    if run["status"] == "requires_action":
        action = run["required_action"]["submit_tool_outputs"]
        results = [
            {"tool_call_id": c["id"], "output": "1"} for c in action["tool_calls"]
        ]
        results = {"tool_outputs": results, "stream": True}
        path = f"{url}/runs/{run['id']}/submit_tool_outputs"
        run = stream(http, path, results)
    validate(Run, http.get(f"{url}/runs/{run['id']}").json())
    for path, type_ in (
        (f"{url}/messages", Message),
        (f"{url}/runs", Run),
        (f"{url}/runs/{run['id']}/steps", RunStep),
    ):
        page = http.get(path).json()
        assert page["first_id"] == page["data"][0]["id"]
        assert page["last_id"] == page["data"][-1]["id"]
        for one in page["data"]:
            validate(type_, one)
    body = {"assistant_id": made["id"], "max_completion_tokens": 1}
    for path in (f"{url}/runs", f"{url}/runs"):
        validate(Run, http.post(path, json=body).json())
    validate(Thread, http.get(url).json())
    message = page = http.get(f"{url}/messages").json()["data"][0]
    validate(MessageDeleted, http.delete(f"{url}/messages/{message['id']}").json())
    validate(ThreadDeleted, http.delete(url).json())
    validate(AssistantDeleted, http.delete(f"assistants/{made['id']}").json())


def stream(http, path, body):
    """Read a stream with httpx-sse, each event as its type; return the last run."""
    with connect_sse(http, "POST", path, json=body) as source:
        *events, done = source.iter_sse()
    assert (done.event, done.data) == ("done", "[DONE]")
    for event in events:
        data = json.loads(event.data)
        validate(AssistantStreamEvent, {"event": event.event, "data": data})
    return data


def test_the_address_of_a_stream_plays_it_too(api):
    """Without a thread that is kept: for a page with an EventSource."""
    url = f"{api}/streams/hostile/events?format=openai-assistants&prompt=Hello"
    with (
        httpx.Client(trust_env=False) as http,
        connect_sse(http, "GET", url) as source,
    ):
        *events, done = source.iter_sse()
    assert done.event == "done"
    deltas = [json.loads(e.data) for e in events if e.event == "thread.message.delta"]
    said = [delta["delta"]["content"][0]["text"]["value"] for delta in deltas]
    assert "".join(said) == HOSTILE
    body = {"thread": {"messages": HELLO}, "stream": False}
    page = httpx.post(url, json=body, trust_env=False).json()
    assert page["data"][0]["content"][0]["text"]["value"] == HOSTILE
