import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

const LONG = ['test/program', 'test/infra', 'test/workflows', 'test/faults']

/** What takes minutes begins first: where no results of a run before tell, files are in order of their size, which says little. */
class LongOnesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = LONG.findIndex((folder) => relative(import.meta.dirname, moduleId).startsWith(folder))
      return place === -1 ? LONG.length : place
    }
    return sorted.sort((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Minutes and gigabytes: `npm run test:large`, `npm run test:faults`. Python and PyPI: `npm run test:specstar`.
    exclude: ['test/large/**', 'test/faults/hostile-sizes.test.ts', 'test/real/**', '**/node_modules/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // They wait for servers as much as they reckon: one more than two cores can carry.
    maxWorkers: 3,
    sequence: { sequencer: LongOnesFirst },
    coverage: {
      provider: 'v8',
      include: ['shared/**', 'functions/**', 'infra/**'],
      reporter: ['text-summary', 'html'],
    },
  },
})
