#!/bin/sh
# Installs aimock and its Node.js beside this file, anew when package.json changes.
set -e
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "npm is missing: aimock will not be measured." >&2; exit 0; }
if [ ! -f node_modules/.installed ] || [ package.json -nt node_modules/.installed ]; then
    echo "Installing aimock …"
    # No lock file: it would record where each package was downloaded from.
    npm install --no-package-lock --no-audit --no-fund --loglevel=error
    touch node_modules/.installed
fi
