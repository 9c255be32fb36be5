import { quote } from '../../../shared/values/message-text.ts'

/** Matches an id that can be printed as it is: without invisible characters, and without quotation marks. */
const PLAIN = /^[^\p{C}\p{Z}"]+(?: [^\p{C}\p{Z}"]+)*$/u

/** Returns an id for a terminal. Ids with invisible characters, which could control the terminal, are quoted. */
export const shownId = (id: string): string => (PLAIN.test(id) ? id : quote(id))

const MAX_SHORT_ID = 100
const END_OF_SHORT_ID = 30

/** Like `shownId`, but leaves out the middle of an id of more than 100 characters. Ids of revisions end in a number. */
export const shortId = (id: string): string =>
  shownId(
    id.length <= MAX_SHORT_ID
      ? id
      : `${id.slice(0, MAX_SHORT_ID - END_OF_SHORT_ID - 1)}…${id.slice(id.length - END_OF_SHORT_ID)}`,
  )
