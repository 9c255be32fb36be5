import { isDeepStrictEqual } from 'node:util'

/** A step of the demo failed, or a check found an unexpected value. */
export class DemoFailedError extends Error {
  override readonly name = 'DemoFailedError'
}

/** Prints the statement if both values are equal. Otherwise throws `DemoFailedError` with both values. */
export const check = (statement: string, actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected))
    throw new DemoFailedError(
      `check failed: ${statement}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`,
    )
  console.log(`  ✓ ${statement}`)
}
