import * as z from 'zod'
import { must } from '../values/must.ts'
import { quote } from '../values/message-text.ts'
import { schemaMessage } from '../values/schema-messages.ts'
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

/** The types of the records that belong to one resource or blob. */
const RESOURCE_RECORDS = ['MetaRecord', 'RevisionRecord', 'BlobRecord'] as const
export type ResourceRecordType = (typeof RESOURCE_RECORDS)[number]

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

/**
 * A record of a resource or blob that has a missing or invalid field. Its frame and its map are valid, so the records
 * after it can be read.
 */
interface BrokenRecord extends RawRecord {
  readonly t: 'BrokenRecord'
  readonly type: ResourceRecordType
  /** The id of a blob. Undefined if the record is not that of a blob, or contains no id. */
  readonly file_id: string | undefined
  /** The name of the field, and what is wrong with it. */
  readonly fault: string
}

/** One record of a stream. `t` is its type. */
export type StreamRecord =
  | BrokenRecord
  | (RawRecord &
      (
        | Exclude<Fields, { readonly t: 'BlobRecord' }>
        | (Extract<Fields, { readonly t: 'BlobRecord' }> & { readonly content: StreamedBlob })
      ))

/** Returns the type of a record, which a `BrokenRecord` also has. */
export const typeOf = (record: StreamRecord): Exclude<StreamRecord['t'], 'BrokenRecord'> =>
  record.t === 'BrokenRecord' ? record.type : record.t

/**
 * Creates a record from the members of its map and the content of its `blob_data`. If a member is missing or invalid,
 * returns a `BrokenRecord` for a resource or blob, and throws `RangeError` for any other record.
 */
export const toStreamRecord = (
  raw: RawRecord,
  members: ReadonlyMap<string, unknown>,
  content: StreamedBlob | undefined,
): StreamRecord => {
  const type = members.get('t')
  if (typeof type !== 'string') throw new RangeError('t: must be a string, the type of the record')
  // Even for a key `__proto__`, `Object.fromEntries` defines an own property and does not change the prototype.
  const { data, error } = Fields.safeParse(Object.fromEntries(members), { error: schemaMessage })
  const broken = (fault: string): BrokenRecord => {
    const known = RESOURCE_RECORDS.find((each) => each === type)
    if (known === undefined) throw new RangeError(fault)
    const id = known === 'BlobRecord' ? members.get('file_id') : undefined
    return { ...raw, t: 'BrokenRecord', type: known, file_id: typeof id === 'string' ? id : undefined, fault }
  }
  if (error !== undefined) {
    const { code, path, message } = must(error.issues[0])
    const [field] = path
    return broken(
      code === 'invalid_union' ? `t: there is no record type ${quote(type)}` : `${String(field)}: ${message}`,
    )
  }
  if (data.t !== 'BlobRecord') return { ...raw, ...data }
  if (content === undefined)
    return broken(`blob_data: ${members.has('blob_data') ? 'must be a binary msgpack value' : 'is missing'}`)
  if (data.size !== BigInt(content.length))
    return broken(`size: is ${data.size}, but blob_data has ${content.length} bytes`)
  return { ...raw, ...data, content }
}

/** Returns the offset in the stream of a view of the record's body, for example of a binary field. */
export const streamOffsetOf = ({ offset, body }: RawRecord, view: Buffer): number =>
  offset + LENGTH_BYTES + (view.byteOffset - body.byteOffset)
