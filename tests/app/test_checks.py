"""System checks: what they find, and the remedy they name."""

import os
import subprocess
import sys

import pytest
from django.core.checks import INFO
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from streams.checks import check_server, check_settings
from tests.processes import ROOT


def ids(messages):
    return [message.id for message in messages]


def test_a_good_project_has_nothing_to_hear():
    call_command("check", fail_level="INFO")


def test_asgi_application_unset():
    with override_settings(ASGI_APPLICATION=None):
        [warning] = check_server(None)
    assert warning.id == "streams.W001"
    assert "daphne" in warning.hint


def test_gzip_middleware_is_explained():
    with override_settings(MIDDLEWARE=["django.middleware.gzip.GZipMiddleware"]):
        [info] = check_server(None)
    assert (info.id, info.hint) == ("streams.I001", "Nothing to do.")


def test_atomic_requests_is_explained(settings, monkeypatch):
    monkeypatch.setitem(settings.DATABASES["default"], "ATOMIC_REQUESTS", True)
    [info] = check_server(None)
    assert info.id == "streams.I002"
    assert "default" in info.msg


@pytest.mark.parametrize(
    ("database", "journal", "found"),
    [
        ({"NAME": "db.sqlite3"}, True, ["streams.I004"]),
        ({"NAME": "db.sqlite3"}, False, []),
        ({"NAME": "db", "OPTIONS": {"transaction_mode": "IMMEDIATE"}}, True, []),
        (
            {"NAME": "db", "OPTIONS": {"transaction_mode": "DEFERRED"}},
            True,
            ["streams.I004"],
        ),
        # Nobody else writes there.
        ({"NAME": ":memory:"}, True, []),
    ],
)
def test_sqlite_that_lets_a_save_meet_the_journal_is_told_of(
    monkeypatch, database, journal, found
):
    monkeypatch.setitem(connection.settings_dict, "NAME", database["NAME"])
    options = database.get("OPTIONS", {})
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    with override_settings(STREAMS={"JOURNAL": journal}):
        said = check_server(None)
    assert ids(said) == found
    if said:
        # An info: a new project has it from the beginning.
        assert said[0].level == INFO
        assert "'transaction_mode': 'IMMEDIATE'" in said[0].hint


@pytest.mark.parametrize(
    ("value", "expected", "hint"),
    [
        ([], "streams.E001", None),
        ({"PLAYGROUNDS": 1}, "streams.E002", "Did you mean 'PLAYGROUND'?"),
        (
            {"PLAYGROUND": "all"},
            "streams.E003",
            "Use 'public', 'staff' or 'off', or leave it out.",
        ),
        (
            {"CONTROL_LAYER": "defaults"},
            "streams.E008",
            "Set CHANNEL_LAYERS (docs/control.md), or leave it out.",
        ),
        ({"MAX_SCRIPT_CHARS": "many"}, "streams.E005", "Use a whole number above 0."),
        (
            {"SWITCH_INTERVAL_MS": 0},
            "streams.E005",
            "Use milliseconds, 1000 at most; or None to leave it to Python.",
        ),
        (
            {"FORMATS": ["streams.conf.Conf"]},
            "streams.E004",
            "Give paths of subclasses of streams.formats.base.Format.",
        ),
        (
            {"FORMATS": ["no.such.Thing"]},
            "streams.E004",
            "Give paths of subclasses of streams.formats.base.Format.",
        ),
        (
            {"QUICK_MIDDLEWARE": ["no.such.Middleware"]},
            "streams.E009",
            "Give a list of paths that are in MIDDLEWARE, too.",
        ),
        (
            {"QUICK_MIDDLEWARE": "yoursite.middleware.Quick"},
            "streams.E009",
            "Give a list of paths that are in MIDDLEWARE, too.",
        ),
        (
            {"TOKENIZER": "gpt2"},
            "streams.E006",
            "Use one of o200k_base, cl100k_base, estimate, or leave it out.",
        ),
        (
            {"KEEP_CONVERSATIONS_DAYS": None},
            "streams.E005",
            "Use a whole number above 0.",
        ),
    ],
)
def test_bad_settings_are_errors(value, expected, hint):
    with override_settings(STREAMS=value):
        [error] = check_settings(None)
    assert (error.id, error.hint) == (expected, hint)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[]", "streams.E001"),
        ('{"FORMATS": ["no.such.Thing", "streams.conf.Conf"]}', "streams.E004"),
    ],
)
def test_manage_check_lives_to_say_so(tmp_path, value, expected):
    """Nothing that the checks are for may fail before they run."""
    (tmp_path / "bad.py").write_text(
        f"from tests.settings import *\nSTREAMS = {value}\n"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "django", "check", "--settings", "bad"],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert expected in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_tokenizer_that_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.setattr("streams.checks.find_spec", lambda name: None)
    with override_settings(STREAMS={"TOKENIZER": "o200k_base"}):
        [error] = check_settings(None)
    assert error.id == "streams.E006"
    assert "[tokens]" in error.hint
    with override_settings(STREAMS={"TOKENIZER": "estimate"}):
        assert check_settings(None) == []


def test_good_settings_are_none():
    formats = ["streams.formats.plain.PlainFormat"]
    with override_settings(STREAMS={"FORMATS": formats, "PLAYGROUND": "off"}):
        assert check_settings(None) == []


@pytest.mark.django_db
def test_models_and_migration_agree():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)
