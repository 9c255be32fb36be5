import { isDeepStrictEqual, styleText } from 'node:util'

/** Thrown if a step of the demo fails, or if a check finds an unexpected value. */
export class DemoFailedError extends Error {
  override readonly name = 'DemoFailedError'
}

/** Prints the statement if both values are equal. Otherwise throws `DemoFailedError` with both values. */
export const check = (statement: string, actual: unknown, expected: unknown): void => {
  if (!isDeepStrictEqual(actual, expected))
    throw new DemoFailedError(
      `the check "${statement}" failed: expected ${JSON.stringify(expected)}, but found ${JSON.stringify(actual)}`,
    )
  console.log(styleText('green', `  ✓ ${statement}`))
}
