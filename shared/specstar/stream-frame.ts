import { binaryHeader, encodeMsgpack, mapHeader } from './msgpack-writer.ts'

/** The largest size of a record, in bytes. The length in front of a record has 32 bits. */
export const MAX_RECORD_BYTES = 0xffff_ffff

/**
 * Encodes a record with its length in front. The caller must pass the fields in the order in which SpecStar writes
 * them. Throws `RangeError` if the record is too long.
 */
export const encodeFrame = (fields: Readonly<Record<string, unknown>>): Buffer => {
  const record = encodeMsgpack(new Map(Object.entries(fields)))
  return Buffer.concat([encodeLength(record.length), record])
}

const encodeLength = (length: number): Buffer => {
  if (length > MAX_RECORD_BYTES)
    throw new RangeError(`a record can have at most ${MAX_RECORD_BYTES} bytes; this one would have ${length}`)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

export const headerFrame = (): Buffer => encodeFrame({ t: 'HeaderRecord', version: 2n })
export const modelStartFrame = (model: string): Buffer => encodeFrame({ t: 'ModelStartRecord', model_name: model })
export const modelEndFrame = (model: string): Buffer => encodeFrame({ t: 'ModelEndRecord', model_name: model })
export const eofFrame = (): Buffer => encodeFrame({ t: 'EofRecord' })
/** Encodes a MetaRecord. `data` is a result of `encodeMetadata`. */
export const metadataFrame = (data: Buffer): Buffer => encodeFrame({ t: 'MetaRecord', data })
/** Encodes a RevisionRecord. `data` is a result of `encodeRevision`. */
export const revisionFrame = (data: Buffer): Buffer => encodeFrame({ t: 'RevisionRecord', data })

/**
 * Encodes the bytes before and after the content of a blob in its record. `size` is the size of the content in bytes.
 * Throws `RangeError` if the record would be too long.
 */
export const blobFrame = (
  fileId: string,
  size: number,
  contentType: string | undefined,
): { readonly before: Buffer; readonly after: Buffer } => {
  const head = Buffer.concat([
    mapHeader(5),
    ...['t', 'BlobRecord', 'file_id', fileId, 'blob_data'].map(encodeMsgpack),
    // A larger size does not fit into a binary header. For such a size, `encodeLength` throws below.
    binaryHeader(Math.min(size, MAX_RECORD_BYTES)),
  ])
  const after = Buffer.concat(['size', BigInt(size), 'content_type', contentType ?? ''].map(encodeMsgpack))
  return { before: Buffer.concat([encodeLength(head.length + size + after.length), head]), after }
}
