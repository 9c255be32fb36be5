import { binHeader, encodeMsgpack, mapHeader } from './msgpack-writer.ts'

/** The length before a record is a number of 32 bits. */
export const MAX_FRAME_BYTES = 0xffff_ffff

/** A record with its length before it, its fields in SpecStar's own order. */
export const encodeFrame = (fields: Readonly<Record<string, unknown>>): Buffer => {
  const record = encodeMsgpack(new Map(Object.entries(fields)))
  return Buffer.concat([lengthBytes(record.length), record])
}

const lengthBytes = (length: number): Buffer => {
  if (length > MAX_FRAME_BYTES) throw new RangeError(`a record of ${length} bytes; a stream takes ${MAX_FRAME_BYTES}`)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(length)
  return bytes
}

export const headerFrame = (): Buffer => encodeFrame({ t: 'HeaderRecord', version: 2n })
export const startFrame = (model: string): Buffer => encodeFrame({ t: 'ModelStartRecord', model_name: model })
export const endFrame = (model: string): Buffer => encodeFrame({ t: 'ModelEndRecord', model_name: model })
export const eofFrame = (): Buffer => encodeFrame({ t: 'EofRecord' })
export const metaFrame = (data: Buffer): Buffer => encodeFrame({ t: 'MetaRecord', data })
export const revisionFrame = (data: Buffer): Buffer => encodeFrame({ t: 'RevisionRecord', data })

/** What stands before and behind a blob's bytes. Throws `RangeError` where the record would be too long. */
export const blobFrame = (
  fileId: string,
  size: number,
  contentType: string | undefined,
): { readonly before: Buffer; readonly behind: Buffer } => {
  const head = Buffer.concat([
    mapHeader(5),
    ...['t', 'BlobRecord', 'file_id', fileId, 'blob_data'].map(encodeMsgpack),
    // A length of more than 32 bits has no header; the record, which is longer yet, is refused below.
    binHeader(Math.min(size, MAX_FRAME_BYTES)),
  ])
  const behind = Buffer.concat(['size', BigInt(size), 'content_type', contentType ?? ''].map(encodeMsgpack))
  return { before: Buffer.concat([lengthBytes(head.length + size + behind.length), head]), behind }
}
