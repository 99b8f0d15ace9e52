"""The README's table says what the tests run, no more and no less."""

from tests.clients.table import README, clients, with_table


def test_the_readme_has_the_table_that_the_tests_make():
    text = README.read_text("utf-8")
    assert with_table(text) == text, "run `python -m tests.clients.table`"
    assert ("openai", "Python") in clients()
