#!/bin/sh
# Django's newest release wants a newer Python than 3.11. Where one is at hand, run the
# tests with it too: those that Django has a part in, without the longest.
set -eu
TESTS="tests/core tests/formats tests/app tests/demo tests/services tests/test_install.py
    tests/servers/test_requests.py tests/servers/test_timing.py
    tests/servers/test_disconnects.py tests/servers/test_sockets.py
    --ignore tests/app/test_mutations.py"
if ${PYTHON:-python3} -c 'import sys; sys.exit(sys.version_info < (3, 12))'; then
    echo "$(${PYTHON:-python3} --version) runs the newest Django already: see make test."
    exit 0
fi
for newer in python3.14 python3.13 python3.12 "$HOME"/.pyenv/versions/3.1[2-9]*/bin/python; do
    if "$newer" -c 'import venv' 2>/dev/null; then
        exec make test PYTHON="$newer" VENV=.venv-newest ARGS="$(echo $TESTS)"
    fi
done
echo "No Python newer than 3.11 at hand: the newest Django is not tested here." >&2
