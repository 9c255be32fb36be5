/**
 * Changes only the white space of a valid JSON text: removes it, or indents each member by two spaces. All other
 * characters stay, so numbers keep their digits. `level` is the number of levels by which the text is indented itself.
 */
export const layOutJson = (json: string, indented: boolean, level = 0): string => {
  let depth = level
  let text = ''
  let previous = ''
  const newline = (): string => (indented ? `\n${'  '.repeat(depth)}` : '')
  for (const token of tokensOf(json)) {
    const isEnd = token === '}' || token === ']'
    const isEmpty = isEnd && (previous === '{' || previous === '[')
    if (isEnd) depth -= 1
    if ((previous === '{' || previous === '[' || previous === ',' || isEnd) && !isEmpty) text += newline()
    text += token
    if (token === ':' && indented) text += ' '
    if (token === '{' || token === '[') depth += 1
    previous = token
  }
  return text
}

const SPACE = ' \t\r\n'
const PUNCTUATION = '[]{},:'
/** Ends a number or a word. Such a token is short, so a regular expression can find its end. */
const WORD = /[^\s"[\]{},:]+/y

/** Returns strings, brackets and other punctuation, numbers and words, without white space. */
function* tokensOf(json: string): Generator<string> {
  for (let at = 0; at < json.length;) {
    const character = json.charAt(at)
    if (SPACE.includes(character)) at += 1
    else {
      const end = PUNCTUATION.includes(character)
        ? at + 1
        : character === '"'
          ? endOfString(json, at)
          : endOfWord(json, at)
      yield json.slice(at, end)
      at = end
    }
  }
}

/**
 * Returns the index after a string that begins at `start`. A regular expression would overflow its stack, because a
 * string can have many millions of characters.
 */
const endOfString = (json: string, start: number): number => {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (json.charAt(quote - 1 - backslashes) === '\\') backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
  }
  return json.length
}

const endOfWord = (json: string, start: number): number => {
  WORD.lastIndex = start
  WORD.test(json)
  return Math.max(WORD.lastIndex, start + 1)
}
