/** Returns a value that is always present, although its type allows `undefined` or `null`. Throws if it is missing. */
export const must = <T>(value: T | null | undefined): T => {
  if (value === undefined || value === null) throw new Error('a value that must be present is missing')
  return value
}
