/**
 * The largest number of entries in a list of a job or problem document. The limit keeps the item of a job smaller than
 * 400 KB, and a response smaller than 6 MB.
 */
export const MAX_LISTED = 100
/**
 * The largest number of characters in an entry. Resource ids are never truncated, because they have at most 255
 * characters.
 */
export const MAX_LISTED_CHARACTERS = 300

/** The largest number of model names in a message. */
export const MAX_NAMES = 20

/** Returns the first 20 names, separated by commas, and the number of further names. */
export const firstNames = (names: readonly string[]): string => {
  const first = names.slice(0, MAX_NAMES).map((name) => truncate(name, MAX_LISTED_CHARACTERS))
  return `${first.join(', ')}${names.length > MAX_NAMES ? `, and ${names.length - MAX_NAMES} more` : ''}`
}

/** Returns the first `characters` UTF-16 code units of a string, followed by `…` if the string is longer. */
export const truncate = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters)}…` : text

/** Returns the first `MAX_LISTED` of the ids, each truncated to `MAX_LISTED_CHARACTERS`. */
export const listedIds = (ids: readonly string[]): string[] =>
  ids.slice(0, MAX_LISTED).map((id) => truncate(id, MAX_LISTED_CHARACTERS))

/** Matches invisible characters: control and format characters, and all spaces except U+0020. */
const INVISIBLE = /(?! )[\p{C}\p{Z}]/gu

/**
 * Quotes an external string, such as an id or a key, for a message. Returns a JSON string, truncated to
 * `MAX_LISTED_CHARACTERS`, in which invisible characters are escaped (`\u0085`).
 */
export const quote = (text: string): string =>
  JSON.stringify(truncate(text, MAX_LISTED_CHARACTERS)).replace(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, k) => `\\u${character.charCodeAt(k).toString(16).padStart(4, '0')}`,
    ).join(''),
  )

/** Matches a path or a name that needs no quotation marks in a message: printable ASCII without spaces. */
const PLAIN_PATH = /^[!-~]{1,300}$/

/** Returns a path that was read from an archive for a message. A path with any unusual character is quoted. */
export const pathText = (path: string): string => (PLAIN_PATH.test(path) ? path : quote(path))
