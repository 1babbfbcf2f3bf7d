import { defineConfig } from 'vitest/config'

/** Only the peers; they share the host's tools and downloads, so one file at a time. */
export default defineConfig({
  test: {
    include: ['test/peers/**/*.test.ts'],
    globalSetup: ['test/peers/interop-table.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // Real programs in real time, on cores that others use too: one more try, which the report names.
    retry: 1,
    pool: 'threads',
    fileParallelism: false,
    passWithNoTests: true,
  },
})
