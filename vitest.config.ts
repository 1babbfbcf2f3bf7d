import { defineConfig } from 'vitest/config'

const always = ['test/peers/**', 'node_modules/**']
/** These use the host's sockets, files, processes and clock, which other work on the machine may hold up. */
const hosts = ['test/host/**/*.test.ts', 'test/cli/**/*.test.ts']

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'threads',
    projects: [
      { extends: true, test: { name: 'pure', include: ['test/**/*.test.ts'], exclude: [...hosts, ...always] } },
      // One more try, which the report names; what is pure has none.
      { extends: true, test: { name: 'host', include: hosts, exclude: always, retry: 1 } },
    ],
  },
})
