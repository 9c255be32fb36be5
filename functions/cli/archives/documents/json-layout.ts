/** Matches a string, a bracket or other punctuation, white space, or a number or word. */
const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[ \t\r\n]+|[^\s"[\]{},:]+/gs

/**
 * Changes only the white space of a valid JSON text: removes it, or indents each member by two spaces. All other
 * characters stay, so numbers keep their digits. `level` is the number of levels by which the text is indented itself.
 */
export const layOutJson = (json: string, indented: boolean, level = 0): string => {
  let depth = level
  let text = ''
  let previous = ''
  const newline = (): string => (indented ? `\n${'  '.repeat(depth)}` : '')
  for (const [token] of json.matchAll(TOKEN)) {
    if (/^\s/.test(token)) continue
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
