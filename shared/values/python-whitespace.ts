/**
 * Python's white space as the content of a character class. JavaScript's `\s` also contains U+FEFF, and lacks U+001C to
 * U+001F and U+0085.
 */
export const PYTHON_WHITESPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const BLANK = new RegExp(`^[${PYTHON_WHITESPACE}]*$`)

/**
 * Whether an id is empty or white space only. SpecStar rejects such ids; the store accepts all of them but the empty
 * one.
 */
export const isBlank = (id: string): boolean => BLANK.test(id)
