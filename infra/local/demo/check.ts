import { isDeepStrictEqual } from 'node:util'

/** A step of the demo that did not go as it should. */
export class DemoFailedError extends Error {
  override readonly name = 'DemoFailedError'
}

/** Says that something is as it should be. Throws `DemoFailedError` with both values where it is not. */
export const check = (what: string, actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected))
    throw new DemoFailedError(`${what}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`)
  console.log(`  ✓ ${what}`)
}
