#!/usr/bin/env bash
# Opens report.html of small results folders in headless Chromium and uses it as a reader would
# (crates/results/tests/pages).
#
# The browser is the one that PT4AL_CHROMIUM names, one on the path, or Debian's, which the script installs if apt-get
# works. Without a browser these tests are skipped with a message, and the others run. Where PT4AL_AXE names the file
# axe.min.js (npm install axe-core), axe-core looks at each page too.
set -euo pipefail
cd "$(dirname "$0")/.."

found() { command -v chromium || command -v chromium-browser || command -v google-chrome; }

if [ -z "${PT4AL_CHROMIUM:-}" ] && ! found >/dev/null; then
    echo "no Chromium here: installing Debian's"
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1; then
        echo "SKIPPED: Chromium cannot be installed here, so pages are not opened in a browser; name one in PT4AL_CHROMIUM" >&2
    fi
fi
# --nocapture: messages about skipped tests are shown.
exec cargo test --release -p pt4al-results --test pages -- --nocapture
