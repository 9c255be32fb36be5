/** A value that its types call perhaps absent and that what came before has made certain. Absent, it is a fault of this code. */
export const must = <T>(value: T | null | undefined): T => {
  if (value === undefined || value === null) throw new Error('a value that must be there is absent')
  return value
}
