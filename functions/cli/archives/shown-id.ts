import { quote } from '../../../shared/values/message-text.ts'

/** Matches an id that can be printed as it is: without invisible characters, and without quotation marks. */
const PLAIN = /^[^\p{C}\p{Z}"]+(?: [^\p{C}\p{Z}"]+)*$/u

/** Returns an id for a terminal. Ids with invisible characters, which could control the terminal, are quoted. */
export const shownId = (id: string): string => (PLAIN.test(id) ? id : quote(id))
