/** Controls, spaces other than the usual one, and all else that leaves no ink: nobody sees these in a message. */
const UNSEEN = /(?! )[\p{C}\p{Z}]/gu
const MAX_SHOWN = 300

/** An id as messages show it: JSON, cut where it is long, with what cannot be seen as `\u0085`. */
export const quoteId = (id: string): string =>
  JSON.stringify(id.length > MAX_SHOWN ? `${id.slice(0, MAX_SHOWN)}…` : id).replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, k) => `\\u${character.charCodeAt(k).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
