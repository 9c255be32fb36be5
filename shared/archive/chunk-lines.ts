import type { Readable } from 'node:stream'
import { bytesOf } from '../values/bytes-of.ts'
import { decompress } from './compression.ts'
import { ArchiveInvalidError, RecordInvalidError } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { MAX_CHUNK_BYTES, MAX_LINE_BYTES, MAX_STORED_CHUNK_BYTES } from './limits.ts'

/**
 * The number of lines per batch. With this number, the overhead of the asynchronous iteration is negligible. Readers
 * decode all lines of a batch before they process them, so larger batches take more memory.
 */
const BATCH_LINES = 100

/**
 * Reads the lines of a chunk in batches. Each line includes its newline. The checksum of the chunk is checked before
 * the first line is returned. The compressed chunk (at most 17 MiB) and the decompressed chunk (at most 16 MiB) are
 * held in memory. Throws `ArchiveInvalidError` if the entry is not a chunk or is too large, and `RecordInvalidError` if
 * a line is longer than 1 MiB or does not end in a newline.
 */
export async function* readLineBatches(entry: IndexLine, content: Readable): AsyncGenerator<Buffer[]> {
  if (entry.kind !== 'records' || entry.unpacked_size > MAX_CHUNK_BYTES || entry.size > MAX_STORED_CHUNK_BYTES)
    throw new ArchiveInvalidError(`entry ${entry.path} is not a chunk of records of at most ${MAX_CHUNK_BYTES} bytes`)
  const bytes = await decompress(entry.path, await bytesOf(content, entry.size), entry.unpacked_size)
  let batch: Buffer[] = []
  let line = 0
  for (let start = 0; start < bytes.length;) {
    line += 1
    const end = bytes.indexOf(0x0a, start) + 1
    const location = { entry: entry.path, line }
    if (end === 0) throw new RecordInvalidError('the line does not end in a newline', location)
    if (end - start > MAX_LINE_BYTES)
      throw new RecordInvalidError(`the line has more than ${MAX_LINE_BYTES} bytes`, location)
    batch.push(bytes.subarray(start, end))
    start = end
    if (batch.length < BATCH_LINES) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
