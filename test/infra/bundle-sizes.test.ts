import { describe, expect, it } from 'vitest'
import { bundleFunctions } from '../../infra/build/source-bundles.ts'
import { FUNCTIONS } from '../../infra/functions.ts'
import { MAX_BUNDLE_BYTES } from './bundle-sizes.ts'

const { bundles } = bundleFunctions()

describe('the bundle of a function', () => {
  it.each(FUNCTIONS.map(({ name, file }) => [name, file]))('%s is small enough for a fast cold start', (_, file) => {
    const bytes = Buffer.byteLength(bundles[file]?.['index.mjs'] ?? '')
    expect(bytes).toBeGreaterThan(0)
    expect(bytes).toBeLessThanOrEqual(MAX_BUNDLE_BYTES)
  })

  // `import { z }` adds all parts of zod, with its messages in all languages, for example the German "erhalten".
  it.each(FUNCTIONS.map(({ name, file }) => [name, file]))('%s contains zod only in part', (_, file) => {
    expect(bundles[file]?.['index.mjs']).toContain('Invalid input: expected')
    expect(bundles[file]?.['index.mjs']).not.toContain('erhalten')
  })
})
