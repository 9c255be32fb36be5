import { must } from '../../values/must.ts'
import type { ArchiveSegment, OpenArchive } from '../archive.ts'
import { damageOffset } from '../damage-offset.ts'
import { EntryCorruptError, isArchiveFault, RecordInvalidError } from '../errors.ts'
import type { IndexLine } from '../index-line.ts'
import { readEntries, readIndex } from '../segment-reader.ts'
import { paddedSize } from '../tar-header.ts'
import type { ArchiveFinding } from './findings.ts'

/**
 * Finds all damaged entries of a segment that could not be read to its end. `error` is the first error. Reads each
 * entry of the segment alone. If the contents of all entries are sound, the damage is in a record or between the
 * contents, and the first error describes it. Throws the error if it is not about the archive, for example if a request
 * failed.
 */
export async function* findDamage(
  archive: OpenArchive,
  segment: ArchiveSegment,
  error: unknown,
): AsyncGenerator<ArchiveFinding> {
  if (!isArchiveFault(error)) throw error
  const index = await indexOf(archive, segment)
  if (!Array.isArray(index)) {
    yield { check: 'bytes', message: index.message, offset: segment.index.offset }
    return
  }
  let found = false
  for (const entry of index) {
    const damage = await damageOf(archive, segment, entry)
    if (damage === undefined) continue
    found = true
    yield { check: 'bytes', message: damage.message, entry: entry.path, offset: segment.offset + entry.offset }
  }
  if (!found) yield { check: 'bytes', message: error.message, ...locationOf(segment, index, error) }
}

const indexOf = async (archive: OpenArchive, segment: ArchiveSegment): Promise<IndexLine[] | Error> => {
  try {
    return [...(await readIndex(archive, segment))]
  } catch (error) {
    if (isArchiveFault(error)) return error
    throw error
  }
}

/** Returns the fault of an entry's content. Undefined if the content matches its checksum. */
const damageOf = async (
  archive: OpenArchive,
  segment: ArchiveSegment,
  entry: IndexLine,
): Promise<Error | undefined> => {
  try {
    const entries = readEntries(archive, segment, [entry], { from: 0 })
    while ((await entries.next()).done !== true);
    return undefined
  } catch (error) {
    if (isArchiveFault(error)) return error
    throw error
  }
}

/** Matches the messages about the tar header and the padding of an index, whose path no index line contains. */
const INDEX_HEADER = /tar header of an index/
const INDEX_PADDING = /padding of entry index\//

/** Returns the entry that an error names, and the byte at which it begins. By default, returns those of the segment. */
const locationOf = (
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  error: Error,
): Pick<ArchiveFinding, 'entry' | 'offset'> => {
  const named =
    error instanceof RecordInvalidError || error instanceof EntryCorruptError
      ? index.find(({ path }) => path === error.entry)
      : index.find(({ path }) => error.message.includes(path))
  if (named !== undefined) return { entry: named.path, offset: damageOffset(segment, index, named, error) }
  const last = index.at(-1)
  if (INDEX_HEADER.test(error.message) && segment.walked === undefined)
    return { offset: segment.offset + (last === undefined ? 0 : last.offset + paddedSize(last.size)) }
  if (INDEX_HEADER.test(error.message) || INDEX_PADDING.test(error.message)) return { offset: segment.index.offset }
  return segment.walked === undefined ? { offset: segment.offset } : { offset: must(segment.walked[0]).offset }
}
