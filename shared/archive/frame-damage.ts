import { Readable } from 'node:stream'
import { must } from '../values/must.ts'
import type { ArchiveSegment, OpenArchive } from './archive.ts'
import { ByteReader } from './byte-reader.ts'
import { isArchiveFault } from './errors.ts'
import type { IndexLine } from './index-line.ts'
import { indexSubject, readHeader, readIndexHeader, readPadding } from './segment-reader.ts'
import { paddedSize, paddingOf } from './tar-header.ts'

/**
 * Finds all damaged tar headers and padding of a segment, without reading the contents of its entries. Returns nothing
 * for a repacked tar, whose headers and padding were checked when it was opened.
 */
export async function* frameDamage(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
): AsyncGenerator<Error> {
  if (segment.walked !== undefined) return
  let previous: IndexLine | undefined
  for (const entry of index) {
    yield* damageBetween(archive, segment, previous, entry)
    previous = entry
  }
  yield* damageBetween(archive, segment, must(previous), undefined)
  yield* faultOf(async () => {
    const { offset, size } = segment.index
    const reader = await readerOf(archive, offset + size, paddingOf(size))
    await readPadding(reader, undefined, size, indexSubject(segment))
  })
}

/** Checks the padding of an entry, and the header of the next entry or of the index. */
async function* damageBetween(
  archive: OpenArchive,
  segment: ArchiveSegment,
  previous: IndexLine | undefined,
  next: IndexLine | undefined,
): AsyncGenerator<Error> {
  const end = previous === undefined ? 0 : previous.offset + paddedSize(previous.size)
  const contentEnd = previous === undefined ? 0 : previous.offset + previous.size
  const start = next?.offset ?? segment.index.offset - segment.offset
  const reader = await readerOf(archive, segment.offset + contentEnd, start - contentEnd)
  if (previous !== undefined)
    yield* faultOf(() => readPadding(reader, undefined, previous.size, `entry ${previous.path}`))
  yield* faultOf(async () => {
    if (next === undefined) await readIndexHeader(reader, undefined, segment, end)
    else await readHeader(reader, undefined, next, end)
  })
}

const readerOf = async ({ source }: OpenArchive, start: number, length: number): Promise<ByteReader> =>
  new ByteReader(Readable.from(length === 0 ? [] : [await source.read(start, length)]), start)

async function* faultOf(check: () => Promise<void>): AsyncGenerator<Error> {
  try {
    await check()
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    yield error
  }
}
