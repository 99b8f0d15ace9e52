"""What others wrote for browsers is here as they published it, with their licence."""

import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

STATIC = Path(__file__).parent.parent / "streams/static"
OURS = {"README.md", "SHA256SUMS"}


@pytest.mark.parametrize(
    "folder", sorted((STATIC / "streams/vendor").iterdir()), ids=lambda path: path.name
)
def test_each_file_is_as_it_was_published(folder):
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    published = {name: digest for digest, name in (line.split() for line in lines)}
    found = {
        file.name: sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name not in OURS
    }
    assert found == published
    assert "LICENSE" in found


def test_a_storage_that_names_files_by_their_content_takes_all(tmp_path):
    """It follows what files say of each other, such as where a map is."""
    shutil.copytree(STATIC, tmp_path, dirs_exist_ok=True)
    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    names = [file.relative_to(tmp_path).as_posix() for file in files]
    for name, _, processed in storage.post_process({n: (storage, n) for n in names}):
        if isinstance(processed, Exception):
            raise AssertionError(name) from processed
    hashed = storage.stored_name("streams/vendor/marked/marked.esm.js")
    assert (tmp_path / hashed).is_file()
