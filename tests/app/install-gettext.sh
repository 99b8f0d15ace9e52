#!/bin/sh
# Make sure that GNU gettext is at hand for the tests of the translation: from the
# system's packages.
set -eu
if command -v xgettext >/dev/null; then exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing gettext from the system's packages …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        gettext >/dev/null
else
    echo "No gettext found, and installing it needs root: a test will say so." >&2
    echo "Install it (Debian: apt-get install gettext)." >&2
fi
