import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes and gigabytes: `npm run test:large`, `npm run test:faults`. Python and PyPI: `npm run test:specstar`.
    exclude: ['test/large/**', 'test/faults/hostile-sizes.test.ts', 'test/real/**', '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // They wait for servers as much as they reckon: one more than two cores can carry.
    maxWorkers: 3,
    coverage: {
      provider: 'v8',
      include: ['shared/**', 'functions/**', 'infra/**'],
      reporter: ['text-summary', 'html'],
    },
  },
})
