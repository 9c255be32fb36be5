/**
 * The characters that Python treats as white space, for the inside of a JavaScript class such as `[…]`. JavaScript's
 * `\s` also contains U+FEFF, and does not contain U+0085 and U+001C to U+001F.
 */
export const PYTHON_WHITESPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const BLANK = new RegExp(`^[${PYTHON_WHITESPACE}]*$`)

/**
 * Returns true if an id is empty or consists only of white space. SpecStar rejects such ids. The resource store rejects
 * only the empty id.
 */
export const isBlank = (id: string): boolean => BLANK.test(id)
