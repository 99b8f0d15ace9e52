"""The admin as an editor has it: pages with forms, over HTTP, and nothing behind them."""

from html.parser import HTMLParser

import httpx
from django.contrib.auth import get_user_model

NAME, PASSWORD = "editor", "tests"


def make_editor() -> None:
    """Make somebody who may do everything; in the project's own process."""
    users = get_user_model().objects
    if not users.filter(username=NAME).exists():
        users.create_superuser(NAME, "editor@example.org", PASSWORD)


class _Form(HTMLParser):
    """Reads what a page's forms would send as they are, and what is said to be wrong."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.errors: list[str] = []
        self.options: dict[tuple[str, str], str] = {}
        """Values by the select's name and the label."""
        self._select = self._area = ""
        self._error = False
        self._option: str | None = None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        name = given.get("name", "")
        match tag:
            case "input" if given.get("type") in ("checkbox", "radio"):
                if "checked" in given:
                    self.values[name] = given.get("value", "on")
            case "input" if name and given.get("type") != "submit":
                self.values[name] = given.get("value", "")
            case "select":
                self._select = name
                self.values.setdefault(name, "")
            case "option" if self._select:
                self._option = given.get("value", "")
                if "selected" in given:
                    self.values[self._select] = self._option
            case "textarea":
                self._area = name
                self.values[name] = ""
            case "ul" if "errorlist" in given.get("class", ""):
                self._error = True

    def handle_endtag(self, tag):
        match tag:
            case "select":
                self._select = ""
            case "option":
                self._option = None
            case "textarea":
                self._area = ""
            case "ul":
                self._error = False

    def handle_data(self, data):
        if self._area:
            self.values[self._area] += data
        elif self._option is not None:
            self.options[self._select, data.strip()] = self._option
        elif self._error and data.strip():
            self.errors.append(data.strip())


class Admin:
    """An editor who is signed in."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(
            base_url=url, follow_redirects=True, trust_env=False, timeout=30
        )
        self._send("/admin/login/", {"username": NAME, "password": PASSWORD})

    def close(self) -> None:
        self._client.close()

    def add(self, model: str, **values: str) -> str:
        """Fill in the form of a new object; return the address of its page."""
        return self._save(f"/admin/streams/{model}/add/", values)

    def change(self, page: str, inline: str = "", **values: str) -> str:
        """Change an object by its page, or add one of those that belong to it."""
        form = _Form(self._client.get(page).text)
        if inline:
            total = int(form.values[f"{inline}-TOTAL_FORMS"])
            empty, new = f"{inline}-__prefix__-", f"{inline}-{total}-"
            added = {
                new + name.removeprefix(empty): value
                for name, value in form.values.items()
                if name.startswith(empty)
            }
            added |= {new + name: value for name, value in values.items()}
            # What is chosen from a list is named as the list does.
            added = {
                name: form.options.get((name.replace(new, empty), value), value)
                for name, value in added.items()
            }
            values = {f"{inline}-TOTAL_FORMS": str(total + 1), **added}
        return self._save(page, values)

    def _save(self, page: str, values: dict[str, str]) -> str:
        return self._send(page, {"_continue": "", **values})

    def _send(self, page: str, values: dict[str, str]) -> str:
        form = _Form(self._client.get(page).text)
        data = {
            name: value
            for name, value in form.values.items()
            if "__prefix__" not in name
        }
        headers = {"Referer": str(self._client.base_url.join(page))}
        answer = self._client.post(page, data=data | values, headers=headers)
        answer.raise_for_status()
        errors = _Form(answer.text).errors
        assert answer.history, f"{page} was not saved: {errors or answer.text[:3000]}"
        return answer.url.path
