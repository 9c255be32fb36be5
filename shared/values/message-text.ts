/**
 * What one document shows, whatever a request or an archive contains: the first 100 entries of a list, and the first
 * 300 characters of each text. A job's item must stay below 400 KB and an HTTP answer below 6 MB; the report of a job
 * is complete. Ids of resources have at most 255 characters, so they are never truncated.
 */
export const MAX_LISTED = 100
export const MAX_LISTED_CHARACTERS = 300

/** The first `characters` UTF-16 units of a text, with `…` if there are more. */
export const truncate = (text: string, characters: number): string =>
  text.length > characters ? `${text.slice(0, characters)}…` : text

/** The first `MAX_LISTED` of these ids, each truncated to `MAX_LISTED_CHARACTERS`. */
export const listedIds = (ids: readonly string[]): string[] =>
  ids.slice(0, MAX_LISTED).map((id) => truncate(id, MAX_LISTED_CHARACTERS))

/** Characters that leave no visible mark: controls, formats, and spaces other than U+0020. */
const INVISIBLE = /(?! )[\p{C}\p{Z}]/gu

/**
 * A text from outside (an id, a key) as messages show it: a truncated JSON string with invisible characters as
 * `\u0085`.
 */
export const quote = (text: string): string =>
  JSON.stringify(truncate(text, MAX_LISTED_CHARACTERS)).replace(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, k) => `\\u${character.charCodeAt(k).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
