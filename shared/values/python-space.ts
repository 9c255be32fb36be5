/** Python's white space, as the inside of a class of characters. JavaScript's own has U+FEFF and lacks the separators of ASCII. */
export const PYTHON_SPACE = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000'

const BLANK = new RegExp(`^[${PYTHON_SPACE}]*$`)

/** SpecStar takes no blank id; the store does. */
export const isBlank = (id: string): boolean => BLANK.test(id)
