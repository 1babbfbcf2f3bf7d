#!/bin/sh
# Runs a conformance suite's prebuilt programs: bench/conformance/run.sh [--cpu PROFILE] [--ticks N] PATH…  See docs/conformance.md.
exec npx tsx "$(dirname "$0")/run.ts" "$@"
