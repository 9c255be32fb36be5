import { defineConfig } from 'vitest/config'

/** The tests that draw what they do by a seed: `npm run test:faults` runs them in rounds, each with another. */
export default defineConfig({
  test: {
    include: ['test/faults/**/*.test.ts', 'test/functions/fuzz.test.ts', 'test/program/kills.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
})
