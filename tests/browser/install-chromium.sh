#!/bin/sh
# Make sure that a Chromium is at hand for the browser tests: the system's own, from its
# packages. CHROMIUM names another. Fonts, so that pages look the same everywhere.
set -eu
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium from the system's packages …"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        chromium fonts-noto-cjk fonts-noto-color-emoji >/dev/null
else
    echo "No Chromium found, and installing one needs root: the browser tests will say so." >&2
    echo "Install it (Debian: apt-get install chromium) or set CHROMIUM=/path/to/it." >&2
fi
