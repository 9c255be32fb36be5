import type { ArchiveSegment, OpenArchive } from '../archive.ts'
import { atByte, isArchiveFault, offsetOfFault, RecordInvalidError } from '../errors.ts'
import { frameDamage } from '../frame-damage.ts'
import type { IndexLine } from '../index-line.ts'
import { readEntries } from '../segment-reader.ts'
import type { ArchiveFinding } from './findings.ts'

/** Returns the finding about damage. It names the entry if only one entry is damaged. */
export const damageFinding = (damage: Error, path?: string): ArchiveFinding => {
  const entry = path ?? (damage instanceof RecordInvalidError ? damage.entry : undefined)
  const offset = offsetOfFault(damage)
  return {
    check: 'bytes',
    message: damage.message,
    ...(entry === undefined ? {} : { entry }),
    ...(offset === undefined ? {} : { offset }),
  }
}

/**
 * Finds all damage of a segment of payloads and blobs whose index is sound. Reads the content of each entry alone, and
 * the tar headers and padding. `error` is the first error, which is returned if nothing else explains it.
 */
export async function* findDamage(
  archive: OpenArchive,
  segment: ArchiveSegment,
  index: readonly IndexLine[],
  error: Error,
): AsyncGenerator<ArchiveFinding> {
  let found = false
  for (const entry of index) {
    const damage = await damageOf(archive, segment, entry)
    if (damage === undefined) continue
    found = true
    yield damageFinding(damage, entry.path)
  }
  for await (const damage of frameDamage(archive, segment, index)) {
    found = true
    yield damageFinding(damage)
  }
  if (!found) yield damageFinding(atByte(segment.offset, error))
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
