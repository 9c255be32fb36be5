import * as z from 'zod'
import { InvalidRequestError } from './errors.ts'

/** The list to which a cursor belongs, and a position in this list. */
const Decoded = z.tuple([z.string(), z.unknown()])

/**
 * Encodes the position at which the next page of a list begins. `list` is a name that no other list has. A URL may
 * contain all characters of the result.
 */
export const encodeCursor = (list: string, position: object): string =>
  Buffer.from(JSON.stringify([list, position] satisfies z.input<typeof Decoded>)).toString('base64url')

/**
 * Decodes a cursor. Throws `InvalidRequestError` if the text is not the cursor of a position of this list that `schema`
 * accepts.
 */
export const parseCursor = <Schema extends z.ZodType>(list: string, schema: Schema, text: string): z.output<Schema> => {
  try {
    const [ownList, position] = Decoded.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    if (ownList === list) return schema.parse(position)
  } catch (error) {
    throw Object.assign(invalidCursor(), { cause: error })
  }
  throw invalidCursor()
}

export const invalidCursor = (): InvalidRequestError =>
  new InvalidRequestError([{ field: 'cursor', message: 'must be the `cursor` of an earlier page of this list' }])
