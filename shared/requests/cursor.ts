import type * as z from 'zod'
import { InvalidRequestError } from './errors.ts'

/** Encodes the position at which the next page of a list begins. A URL may contain all characters of the result. */
export const encodeCursor = (position: object): string => Buffer.from(JSON.stringify(position)).toString('base64url')

/** Decodes a cursor. Throws `InvalidRequestError` if the text is not the cursor of a position that `schema` accepts. */
export const parseCursor = <Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> => {
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (error) {
    const message = 'must be the `cursor` of an earlier page of this list'
    throw Object.assign(new InvalidRequestError([{ field: 'cursor', message }]), { cause: error })
  }
}
