import { ArchiveInvalidError, ArchiveTruncatedError } from '../archive/errors.ts'
import { StreamOrder } from './stream-order.ts'
import { StreamReader, type StreamRecord } from './stream-reader.ts'
import type { ByteSource } from './stream-window.ts'

/** Where reading begins: the place of a record, the number of the one before, and the state of the order there. */
export interface StreamStart {
  readonly at: number
  readonly after: number
  readonly order: StreamOrder
}

/**
 * Reads a stream's records to its EofRecord, framing and order checked. It is an error where that record is missing, or where
 * anything follows it. A caller tells `order` what is in metadata and revisions, and reads a blob's pieces to their end.
 */
export async function* readStream(
  source: ByteSource,
  { at, after, order }: StreamStart = { at: 0, after: 0, order: new StreamOrder() },
): AsyncGenerator<StreamRecord> {
  const reader = new StreamReader(source, { at, after })
  while (!order.ended) {
    const record = await reader.next()
    if (record === undefined)
      throw new ArchiveTruncatedError(
        `it ends at byte ${source.size} after ${reader.position.after} records, without an EofRecord`,
      )
    order.check(record)
    yield record
  }
  const behind = source.size - reader.position.at
  if (behind > 0)
    throw new ArchiveInvalidError(`${behind} bytes follow the EofRecord, which ends at byte ${reader.position.at}`)
}
