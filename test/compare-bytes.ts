import { expect } from 'vitest'

const INSTALLED = Symbol.for('specstar-backup.compare-bytes')

/**
 * Compares byte arrays natively. Vitest compares their elements one by one, which takes half a second for each
 * megabyte. Returns undefined for other values, which Vitest then compares.
 */
const compareBytes = (a: unknown, b: unknown): boolean | undefined =>
  a instanceof Uint8Array && b instanceof Uint8Array
    ? a.constructor === b.constructor && Buffer.compare(a, b) === 0
    : undefined

// The test files of a worker share the matchers of `expect`, so the comparison is added only once.
if (!(INSTALLED in globalThis)) {
  Object.defineProperty(globalThis, INSTALLED, { value: true })
  expect.addEqualityTesters([compareBytes])
}
