import type { CaseFolding } from './syntax.ts'

/** Python's inline flags. This interface does not contain the flag `u`, because it only turns off `a`. */
export interface Flags {
  readonly a: boolean
  readonly i: boolean
  readonly m: boolean
  readonly s: boolean
  readonly x: boolean
}

export const NO_FLAGS: Flags = { a: false, i: false, m: false, s: false, x: false }

export const caseFolding = ({ a, i }: Flags): CaseFolding => (i ? (a ? 'ascii' : 'unicode') : 'none')

/**
 * Returns flags in which those in `letters` are turned on, or turned off if `value` is false. The caller must have
 * checked `letters` with `explainInvalidFlags`.
 */
export const setFlags = (flags: Flags, letters: string, value = true): Flags => {
  const named = Object.fromEntries(Array.from(letters, (letter) => [letter, value]))
  return { ...flags, ...named, ...(letters.includes('u') ? { a: false } : {}) }
}

/**
 * If flags cannot be turned on, returns the reason. Otherwise returns undefined. `isAscii` must be true if the
 * expression begins with a global `(?a)`.
 */
export const explainInvalidFlags = (letters: string, isAscii: boolean): string | undefined => {
  if (letters.includes('L')) return 'the flag L is only valid for bytes'
  if (letters.includes('a') && letters.includes('u')) return 'the flags a and u exclude each other'
  // After a global `(?a)`, neither `(?u:\w)` nor `(?u:\W)` matches any character in Python.
  return letters.includes('u') && isAscii ? 'the flag u is not supported inside a global (?a)' : undefined
}
