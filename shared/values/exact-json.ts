declare global {
  interface JSON {
    // ES2025 passes the source string of a primitive to the reviver. TypeScript's library does not declare this
    // parameter yet.
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
    ): unknown
  }
}

const INTEGER = /^-?\d+$/

/**
 * A reviver for `JSON.parse` that returns integers as `bigint`, so that large integers keep all their digits. Numbers
 * with a fraction or an exponent stay `number`, so that `1.0` differs from `1`. The source of a string begins with a
 * quotation mark, so only a number matches the pattern.
 */
export const exactNumbers = (_key: string, value: unknown, { source }: { source?: string }): unknown =>
  source !== undefined && INTEGER.test(source) ? BigInt(source) : value
