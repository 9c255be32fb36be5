import type * as z from 'zod'
import type { PassInput } from './messages.ts'
import type { PassResult } from './pass.ts'

/** Returns the cursor that the previous pass returned, or `undefined` in the first pass. */
export const readCursor = <Cursor>(schema: z.ZodType<Cursor>, { cursor }: PassInput): Cursor | undefined =>
  cursor === undefined ? undefined : schema.parse(JSON.parse(cursor))

/**
 * Returns an object with the members that the result of every pass has. If a cursor is given, another pass follows and
 * continues there. Otherwise, the map item is finished.
 */
export const continueAt = (cursor: object | number | undefined): PassResult =>
  cursor === undefined ? { done: true } : { done: false, cursor: JSON.stringify(cursor) }
