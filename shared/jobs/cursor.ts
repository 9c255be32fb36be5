import type { z } from 'zod'
import type { PassInput } from './messages.ts'
import type { PassResult } from './pass.ts'

/** The cursor that the previous pass returned. Undefined in the first pass. */
export const readCursor = <Cursor>(schema: z.ZodType<Cursor>, { cursor }: PassInput): Cursor | undefined =>
  cursor === undefined ? undefined : schema.parse(JSON.parse(cursor))

/** The members of a pass's result that say whether another pass follows: it continues at `cursor`. */
export const continueAt = (cursor: object | number | undefined): PassResult =>
  cursor === undefined ? { done: true } : { done: false, cursor: JSON.stringify(cursor) }
