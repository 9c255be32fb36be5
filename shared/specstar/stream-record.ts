import { z } from 'zod'
import { must } from '../values/must.ts'
import { quote } from '../values/message-text.ts'
import type { StreamLocation } from './errors.ts'

/** The number of bytes of the length that precedes a record. */
export const LENGTH_BYTES = 4

const count = z.bigint()
const Fields = z.discriminatedUnion('t', [
  z.object({ t: z.literal('HeaderRecord'), version: count.default(2n) }),
  z.object({ t: z.literal('ModelStartRecord'), model_name: z.string() }),
  z.object({ t: z.literal('MetaRecord'), data: z.instanceof(Buffer) }),
  z.object({ t: z.literal('RevisionRecord'), data: z.instanceof(Buffer) }),
  z.object({ t: z.literal('BlobRecord'), file_id: z.string(), size: count, content_type: z.string() }),
  z.object({ t: z.literal('ModelEndRecord'), model_name: z.string() }),
  z.object({ t: z.literal('EofRecord') }),
])
type Fields = z.output<typeof Fields>

/** The content of a blob in a stream. The caller must read `pieces` before it requests the next record. */
export interface StreamedBlob {
  /** The offset of the first byte in the stream. */
  readonly offset: number
  readonly length: number
  readonly pieces: AsyncIterable<Buffer>
}

/** The location and the bytes of a record, without its decoded fields. */
interface RawRecord extends StreamLocation {
  /** The offset of the next record. */
  readonly end: number
  /** The bytes of the record after its length. If the record is larger than 32 MiB, only the first 64 KiB. */
  readonly body: Buffer
}

/** One record of a stream. `t` is its type. */
export type StreamRecord = RawRecord &
  (
    | Exclude<Fields, { readonly t: 'BlobRecord' }>
    | (Extract<Fields, { readonly t: 'BlobRecord' }> & { readonly content: StreamedBlob })
  )

/**
 * Creates a record from the members of its map and the content of its `blob_data`. Throws `RangeError` for a missing or
 * invalid member.
 */
export const toStreamRecord = (
  raw: RawRecord,
  members: ReadonlyMap<string, unknown>,
  content: StreamedBlob | undefined,
): StreamRecord => {
  const type = members.get('t')
  if (typeof type !== 'string') throw new RangeError('t: must be a string, the type of the record')
  // Even for a key `__proto__`, `Object.fromEntries` defines an own property and does not change the prototype.
  const { data, error } = Fields.safeParse(Object.fromEntries(members))
  if (error !== undefined) {
    const { code, path, message } = must(error.issues[0])
    const [field] = path
    throw new RangeError(
      code === 'invalid_union' ? `t: there is no record type ${quote(type)}` : `${String(field)}: ${message}`,
    )
  }
  if (data.t !== 'BlobRecord') return { ...raw, ...data }
  if (content === undefined) throw new RangeError('blob_data: is missing')
  if (data.size !== BigInt(content.length))
    throw new RangeError(`size: is ${data.size}, but blob_data has ${content.length} bytes`)
  return { ...raw, ...data, content }
}

/** Returns the offset in the stream of a view of the record's body, for example of a binary field. */
export const streamOffsetOf = ({ offset, body }: RawRecord, view: Buffer): number =>
  offset + LENGTH_BYTES + (view.byteOffset - body.byteOffset)
