#!/usr/bin/env bash
# Runs the tests that need other people's software, after seeing to it that the software is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
bash test/peers/setup.sh
exec npx vitest run --config test/peers/vitest.config.ts "$@"
