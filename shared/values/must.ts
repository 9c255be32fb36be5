/** A value whose type allows absence although the code before guarantees it. Throws if that code is wrong. */
export const must = <T>(value: T | null | undefined): T => {
  if (value === undefined || value === null) throw new Error('a value that must be present is missing')
  return value
}
