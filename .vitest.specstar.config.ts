import { defineConfig } from 'vitest/config'

/** Our streams, loaded by the real SpecStar: needs Python 3 and, the first time, PyPI. */
export default defineConfig({
  test: { include: ['test/real/**/*.test.ts'], testTimeout: 120_000, reporters: ['verbose'] },
})
