import { defineConfig } from 'vitest/config'

/** A large store through the whole program: `LARGE_RESOURCES` and `LARGE_BLOB_MB` choose its size. */
export default defineConfig({
  test: {
    include: ['test/large/**/*.test.ts'],
    reporters: ['verbose'],
    // What is measured shares the machine with nothing else of this run.
    maxWorkers: 1,
  },
})
