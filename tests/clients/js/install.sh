#!/bin/sh
# Installs the vendors' npm packages, and axe, beside this file, anew when package.json
# changes.
set -e
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "npm is missing: tests of the npm SDKs and of accessibility will not run." >&2; exit 0; }
if [ ! -f node_modules/.installed ] || [ package.json -nt node_modules/.installed ]; then
    echo "Installing npm packages …"
    # No lock file: it would record where each package was downloaded from.
    npm install --no-package-lock --no-audit --no-fund --loglevel=error
    touch node_modules/.installed
fi
