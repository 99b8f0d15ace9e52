#!/bin/sh
# Make sure that a Chromium is at hand for the browser tests: the system's own, from its
# packages. CHROMIUM names another. Without windows where there is such a package: it is
# smaller and faster. Fonts, so that pages look the same everywhere.
set -eu
for name in "${CHROMIUM:-}" chromium-headless-shell chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing Chromium from the system's packages …"
    apt-get update -qq
    package=chromium-headless-shell
    apt-cache show "$package" >/dev/null 2>&1 || package=chromium
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "$package" fonts-noto-cjk fonts-noto-color-emoji >/dev/null
else
    echo "No Chromium found, and installing one needs root: the browser tests will say so." >&2
    echo "Install it (Debian: apt-get install chromium) or set CHROMIUM=/path/to/it." >&2
fi
