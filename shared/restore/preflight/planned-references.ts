import type { OpenArchive } from '../../archive/archive.ts'
import { entrySortKey } from '../../archive/index-line.ts'
import { readIndex } from '../../archive/segment-reader.ts'
import type { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import { type BlobReference, PREFIX_COUNT, prefixOf, readBlobReferences } from '../../blobs/blob-references.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'

/**
 * Returns the position of an entry in the order of blobs. If the segment or the entry does not exist, returns an empty
 * string.
 */
export const positionAt = async (archive: OpenArchive, segment: number | undefined, entry: number): Promise<string> => {
  const opened = segment === undefined ? undefined : archive.segments[segment]
  const line = opened === undefined ? undefined : (await readIndex(archive, opened))[entry]
  return line === undefined ? '' : entrySortKey(line)
}

/**
 * Returns the references from one position (inclusive) to another (exclusive), keyed by position. If `from` is empty,
 * begins with the first position. If `until` is empty, ends with the last position.
 */
export const referencesBetween = async (
  objects: ObjectStore,
  lists: readonly BlobReferenceList[],
  from: string,
  until: string,
): Promise<ReadonlyMap<string, BlobReference>> => {
  const references = await readBlobReferences(objects, lists, {
    from: from === '' ? 0 : prefixOf(from),
    to: until === '' ? PREFIX_COUNT : prefixOf(until) + 1,
  })
  return new Map(
    references
      .filter(({ position }) => position >= from && (until === '' || position < until))
      .map((reference) => [reference.position, reference]),
  )
}
