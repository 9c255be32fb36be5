import { pMapIterable } from 'p-map'
import type { EntrySource } from '../../compose/blob-segment.ts'
import { COPIED_FROM } from '../../compose/open-content.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { invalidRecord } from '../../specstar/errors.ts'
import { quote } from '../../values/message-text.ts'
import { type ContentLocation, decodeLocation } from './content-location.ts'
import type { RunEntry } from './run-entry.ts'
import type { RunMerge } from './run-merge.ts'

/**
 * The number of contents that are read at the same time. Reading them one after the other would be slow, because each
 * GET request has a latency. Each content that is read is smaller than 16 MiB, because S3 copies larger contents.
 */
const READ_AHEAD = 8

/** A blob or spilled payload in the order of an archive. */
interface OrderedContent {
  /** See `BlobReference`. */
  readonly position: string
  readonly location: ContentLocation
  /**
   * The offsets of the merge before this content. If a pass stops before the content, the next pass continues at these
   * offsets.
   */
  readonly runOffsets: readonly number[]
}

/**
 * Yields the contents whose positions are less than `end`, without duplicates. If a blob occurs with several content
 * types, the last content type is returned, as in SpecStar's import. Throws `ArchiveInvalidError` if a blob occurs
 * twice with different bytes.
 */
export async function* contentsBelow(merge: RunMerge, end: string): AsyncGenerator<OrderedContent> {
  for (let { current } = merge; current !== undefined && current.key.toString() < end; { current } = merge) {
    const first = current
    const runOffsets = merge.offsets
    let location = decodeLocation(first.body)
    await merge.advance()
    while (merge.current?.key.equals(first.key) === true) {
      location = sameBytes(first, location, merge.current)
      await merge.advance()
    }
    yield { position: first.key.toString(), location, runOffsets }
  }
}

/**
 * Returns the location of a later occurrence of a content. Throws `ArchiveInvalidError` if the occurrence has other
 * bytes.
 */
const sameBytes = (first: RunEntry, { sha256 }: ContentLocation, later: RunEntry): ContentLocation => {
  const location = decodeLocation(later.body)
  if (location.sha256 === sha256) return location
  throw invalidRecord(
    later,
    `blob ${quote(location.id)} occurs twice with different bytes, first at byte ${first.offset}`,
  )
}

/**
 * Opens several contents at the same time, and yields them in order. Contents of 16 MiB or more are not read, because
 * S3 copies them.
 */
export const openContents = (
  objects: ObjectStore,
  stream: PinnedObject,
  contents: AsyncIterable<OrderedContent>,
): AsyncIterable<OrderedContent & { readonly source: EntrySource }> =>
  pMapIterable(contents, async (content) => ({ ...content, source: await openSource(objects, stream, content) }), {
    concurrency: READ_AHEAD,
    backpressure: READ_AHEAD,
  })

const openSource = async (
  objects: ObjectStore,
  stream: PinnedObject,
  { location: { offset, size, sha256, content_type } }: OrderedContent,
): Promise<EntrySource> => ({
  range: { object: stream, start: offset, length: size },
  sha256,
  ...(content_type === undefined ? {} : { content_type }),
  ...(size < COPIED_FROM ? { bytes: await objects.readBytes(stream, offset, size) } : {}),
})
