import { ArchiveInvalidError, ArchiveTruncatedError, atByte } from '../archive/errors.ts'
import { StreamOrder } from './stream-order.ts'
import { type ReaderPosition, StreamReader } from './stream-reader.ts'
import type { StreamRecord } from './stream-record.ts'
import type { ByteSource } from './stream-window.ts'

/**
 * Reads the records of a stream up to its EofRecord. Checks the framing and the order of the records. Throws
 * `ArchiveTruncatedError` if there is no EofRecord, and `ArchiveInvalidError` if bytes follow it. The caller must
 * decode metadata and revisions and pass them to `order`. A caller that continues in the middle of a stream must pass a
 * `position` and an `order` that were saved after the same record.
 */
export async function* readStream(
  source: ByteSource,
  order: StreamOrder = new StreamOrder(),
  position: ReaderPosition = { offset: 0, records: 0 },
): AsyncGenerator<StreamRecord> {
  const reader = new StreamReader(source, position)
  while (!order.hasEnded) {
    const record = await reader.next()
    if (record === undefined)
      throw atByte(source.size, new ArchiveTruncatedError(endText(source.size, reader.position.records)))
    order.check(record)
    yield record
  }
  const { offset } = reader.position
  const rest = source.size - offset
  if (rest > 0)
    throw atByte(
      offset,
      new ArchiveInvalidError(
        `${rest} ${rest === 1 ? 'byte follows' : 'bytes follow'} the EofRecord, which ends at byte ${offset}; nothing may follow it`,
      ),
    )
}

const endText = (size: number, records: number): string =>
  `the stream ends at byte ${size} after ${records} ${records === 1 ? 'record' : 'records'}, without an EofRecord`
