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
 * The number of contents that are read at the same time, so that the latency of a GET does not add up. Each of them has
 * less than 16 MiB, because S3 copies larger contents.
 */
const READ_AHEAD = 8

/** A blob or spilled payload in the order of an archive. */
export interface OrderedContent {
  /** See `BlobReference`. */
  readonly position: string
  readonly location: ContentLocation
  /** The offsets of the merge at this content. If a pass stops here, the next pass continues at them. */
  readonly runOffsets: readonly number[]
}

/**
 * Yields the contents whose positions are less than `end`, without duplicates. Throws `ArchiveInvalidError` if the
 * stream contains a blob twice with different content.
 */
export async function* contentsBelow(merge: RunMerge, end: string): AsyncGenerator<OrderedContent> {
  let previous: RunEntry | undefined
  for (let { current } = merge; current !== undefined && current.key.toString() < end; { current } = merge) {
    if (previous?.key.equals(current.key) === true) checkSameContent(previous, current)
    else {
      const position = current.key.toString()
      yield { position, location: decodeLocation(current.body), runOffsets: merge.offsets }
    }
    previous = current
    await merge.advance()
  }
}

const checkSameContent = (first: RunEntry, second: RunEntry): void => {
  const [a, b] = [decodeLocation(first.body), decodeLocation(second.body)]
  if (a.sha256 === b.sha256 && a.content_type === b.content_type) return
  throw invalidRecord(
    second,
    `blob ${quote(b.id)} occurs twice with different bytes or content types, first at byte ${first.offset}`,
  )
}

/** Opens contents, several at the same time, and yields them in order. Contents of 16 MiB or more are not read. */
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
