#!/bin/sh
# Make sure that an nginx is at hand for the tests of proxies: the system's own, from its
# packages. NGINX names another. Nothing is started: the tests run their own.
set -eu
for name in "${NGINX:-}" nginx /usr/sbin/nginx; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then exit 0; fi
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    echo "Installing nginx from the system's packages …"
    apt-get update -qq
    # Debian starts what it installs, unless told not to.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends nginx-light >/dev/null
else
    echo "No nginx found, and installing one needs root: the tests of proxies will say so." >&2
    echo "Install it (Debian: apt-get install nginx-light) or set NGINX=/path/to/it." >&2
fi
