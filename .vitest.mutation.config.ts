import { defineConfig } from 'vitest/config'
import { DECISIONS } from './.decisions.ts'

/** The tests without network that are fast enough to run for each mutant: what decides without I/O is held by them alone. */
export default defineConfig({
  test: {
    include: [
      'test/values/must.test.ts',
      'test/values/error-message.test.ts',
      'test/archive/**/*.test.ts',
      'test/compose/compose-plan.test.ts',
      'test/restore/**/*.test.ts',
      'test/specstar/**/*.test.ts',
      'test/resources/filters/**/*.test.ts',
      'test/resources/{attributes,consistency,indexed,instant,item-size,key-range,models}.test.ts',
      'test/resources/{number-text,ordered-json,payload,place,resource-join,text-order}.test.ts',
    ],
    exclude: ['test/archive/{damage,order,writer}.test.ts', 'test/restore/start/locate-archive.test.ts'],
    testTimeout: 60_000,
    // A new worker for each file would take most of a mutant's time.
    isolate: false,
    coverage: { provider: 'v8', include: DECISIONS, reporter: ['text-summary'], thresholds: { branches: 100 } },
  },
})
