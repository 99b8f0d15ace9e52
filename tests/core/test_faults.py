"""Faults: how they are written, whom they hit, and that this can be predicted."""

import hashlib

import pytest

from streams.core.fault_specs import parse_faults
from streams.core.faults import Fault, Kind, draw
from streams.core.ordinals import Ordinals
from streams.exceptions import Problem


def hits(fault, *, seed=7, own_seed=True, calls=1000):
    """Return the numbers of the calls that get a fault."""
    return [
        number
        for number in range(1, calls + 1)
        if fault.fires(seed=seed, own_seed=own_seed, call=lambda n=number: n)
    ]


def predicted(title, seed, percent, calls=1000):
    """Say the same by the documented formula alone."""

    def share(number):
        digest = hashlib.sha256(f"{title}\n{seed}\n{number}".encode()).hexdigest()
        return int(digest[:16], 16) / 16**16

    return [n for n in range(1, calls + 1) if share(n) * 100 < percent]


@pytest.mark.parametrize("title", ["flaky", "抖动"])
def test_a_thousand_runs_with_a_rate_of_ten_percent_get_exactly_the_predicted(title):
    fault = Fault(kind=Kind.DROP, title=title, chance=10)
    found = hits(fault)
    assert found == predicted(title, 7, 10)
    assert 70 <= len(found) <= 130
    # Another seed, or another title, is another fate.
    assert found != hits(fault, seed=8)
    assert found != hits(Fault(kind=Kind.DROP, title="other", chance=10))


def test_chances_from_none_to_all():
    assert hits(Fault(kind=Kind.DROP, title="x", chance=0)) == []
    assert len(hits(Fault(kind=Kind.DROP, title="x", chance=100))) == 1000
    shares = [draw("x", seed) for seed in range(1000)]
    assert 0 <= min(shares) < 0.01
    assert 0.99 < max(shares) < 1


def test_a_run_with_a_seed_of_its_own_is_decided_by_it_alone():
    fault = Fault(kind=Kind.DROP, title="x", chance=50)

    def decided(seed):
        def call():
            raise AssertionError("a count was made for nothing")

        return fault.fires(seed=seed, own_seed=False, call=call)

    assert [decided(seed) for seed in range(50)] == [decided(s) for s in range(50)]
    assert 10 < sum(decided(seed) for seed in range(50)) < 40


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ("1", [1]),
        ("1-2", [1, 2]),
        (" 2 – 4 ", [2, 3, 4]),
        ("9-", [9, 10]),
        ("every 3", [3, 6, 9]),
        ("1, Every 4", [1, 4, 8]),
    ],
)
def test_numbered_calls(calls, expected):
    fault = Fault(kind=Kind.DROP, calls=Ordinals.parse(calls))
    assert hits(fault, calls=10) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "every 0", "2-1", "x", "1;2", "-1", "1-2-3", "٣", "every"]
)
def test_what_numbers_no_call_is_refused_with_what_was_written(text):
    with pytest.raises(ValueError, match=r"number|empty") as caught:
        Ordinals.parse(text)
    assert text[:40] in str(caught.value)


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("drop", "drop after event 0"),
        ("drop:3", "drop after event 3"),
        ("drop:3:always", "drop after event 3"),
        ("truncate:@40", "truncate at position 40"),
        ("stall:5:2s", "stall of 2 s after event 5"),
        ("stall:@5:800ms", "stall of 0.8 s at position 5"),
        ("stall:1.5s", "stall of 1.5 s after event 0"),
        ("error:4:overloaded", "error 'overloaded' after event 4"),
        ("error", "error after event 0"),
        ("malformed:2", "malformed after event 2"),
        ("split", "split after event 0"),
        ("duplicate:1", "duplicate after event 1"),
        ("reorder:1", "reorder after event 1"),
        ("status:503", "status 503"),
        ("status:429:1", "status 429, retry after 1 s"),
        ("slow-start:2s", "slow start of 2 s"),
    ],
)
def test_a_fault_of_a_request_says_what_it_is_and_reads_again(raw, said):
    [fault] = parse_faults(raw)
    assert fault.what == said
    assert str(fault) == f"{said} (override)"
    assert parse_faults(fault.spec) == (fault,)


def test_more_faults_than_a_request_may_have():
    assert len(parse_faults(",".join(["split"] * 20))) == 20
    with pytest.raises(Problem, match="21 faults: give 20 at most"):
        parse_faults(",".join(["split"] * 21))


def test_several_faults_and_none():
    kinds = [fault.kind for fault in parse_faults("stall:2:1s, drop:5")]
    assert kinds == [Kind.STALL, Kind.DROP]
    assert parse_faults("none") == ()


@pytest.mark.parametrize(
    "raw",
    [
        *("", "crash", "drop:", "drop:-1", "drop:x", "drop:1:2", "drop:1:always:x"),
        *("stall", "stall:3", "stall:3:2", "stall:3:2h", "stall:1:601s", "drop:3s:1"),
        *("status", "status:200", "status:600", "status:503:x", "status:503:1:2"),
        *("error:1:Overloaded", "slow-start", "slow-start:1:2s", "drop,,drop"),
        *("none,drop", "drop:9999999999", "emit:x", "hold:3", "split:1:always"),
    ],
)
def test_a_fault_that_cannot_be_read_is_a_problem_with_examples(raw):
    with pytest.raises(Problem) as caught:
        parse_faults(raw)
    assert caught.value.status == 400
    assert caught.value.param == "fault"
    assert raw[:40] in caught.value.message
    assert "`stall:5:2s`" in caught.value.message
    assert "Kind" not in caught.value.message
