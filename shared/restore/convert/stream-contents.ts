import { pMapIterable } from 'p-map'
import type { EntrySource } from '../../compose/blob-segment.ts'
import { MIN_COPIED_BYTES } from '../../compose/open-content.ts'
import type { ObjectStore } from '../../objects/aws/object-store.ts'
import { ByteBudget } from '../../objects/byte-budget.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { locatedReason } from '../../specstar/errors.ts'
import { quote } from '../../values/message-text.ts'
import type { ScanFault } from '../messages/convert.ts'
import { type ContentLocation, decodeLocation } from './content-location.ts'
import { decodeFault } from './fault-entry.ts'
import type { RunEntry } from './run-entry.ts'
import type { RunMerge } from './run-merge.ts'

/**
 * The number of contents that are read at the same time. Reading them one after the other would be slow, because each
 * GET request has a latency. Each content that is read is smaller than 16 MiB, because S3 copies larger contents.
 */
const READ_AHEAD = 8
/** The largest size of the contents in memory, in bytes. Only contents of more than 3 MiB reach this limit. */
const MAX_HELD_BYTES = 24 * 1024 * 1024

/** A blob or spilled payload in the order of an archive. */
interface OrderedContent {
  /** See `BlobReference`. */
  readonly position: string
  readonly fault?: undefined
  readonly location: ContentLocation
  /**
   * The offsets of the merge before this content. If a pass stops before the content, the next pass continues at these
   * offsets.
   */
  readonly runOffsets: readonly number[]
  /** The offsets of the merge after this content. */
  readonly nextOffsets: readonly number[]
}

/** A blob of which the stream contains no sound record, or records with different bytes. */
interface DamagedContent {
  readonly position: string
  readonly fault: ScanFault
}

/**
 * Yields the contents whose positions are less than `end`, in order and without duplicates. If a blob occurs with
 * several content types, the last content type is returned, as in SpecStar's import.
 */
export async function* contentsBelow(merge: RunMerge, end: string): AsyncGenerator<OrderedContent | DamagedContent> {
  for (let { current } = merge; current !== undefined && current.key.toString() < end; { current } = merge) {
    const { key } = current
    const runOffsets = merge.offsets
    const content = new Occurrences()
    for (let next: RunEntry | undefined = current; next?.key.equals(key) === true; next = merge.current) {
      content.add(next)
      await merge.advance()
    }
    const { fault, location } = content
    if (fault !== undefined) yield { position: key.toString(), fault }
    else if (location !== undefined)
      yield { position: key.toString(), location, runOffsets, nextOffsets: merge.offsets }
  }
}

/** The entries of one blob or spilled payload. */
class Occurrences {
  #first: { readonly offset: number; readonly sha256: string } | undefined
  #location: ContentLocation | undefined
  #scanFault: ScanFault | undefined
  #conflict: ScanFault | undefined

  add(entry: RunEntry): void {
    const fault = decodeFault(entry.body)
    if (fault !== undefined) {
      this.#scanFault ??= fault
      return
    }
    const location = decodeLocation(entry.body)
    const { id, sha256, model = '' } = location
    const { offset } = entry
    this.#first ??= { offset, sha256 }
    this.#location = location
    if (sha256 === this.#first.sha256) return
    const reason = `blob ${quote(id)} occurs twice with different bytes, first at byte ${this.#first.offset}`
    this.#conflict ??= { model, id, reason: locatedReason(entry, reason) }
  }

  /**
   * Undefined if the content can be restored. A damaged record does not matter if the stream also contains a sound
   * record of the content.
   */
  get fault(): ScanFault | undefined {
    return this.#conflict ?? (this.#location === undefined ? this.#scanFault : undefined)
  }

  get location(): ContentLocation | undefined {
    return this.#location
  }
}

/** A content that can be written to a segment. */
type OpenContent = OrderedContent & { readonly source: EntrySource }

/**
 * Opens several contents at the same time, and yields them in order. Contents of 16 MiB or more are not read, because
 * S3 copies them. Returns damaged contents without a change.
 */
export async function* openContents(
  objects: ObjectStore,
  stream: PinnedObject,
  contents: AsyncIterable<OrderedContent | DamagedContent>,
): AsyncGenerator<OpenContent | DamagedContent> {
  const held = new ByteBudget(MAX_HELD_BYTES)
  const open = async (content: OrderedContent | DamagedContent): Promise<OpenContent | DamagedContent> => {
    if (content.fault !== undefined) return content
    await held.take(heldBytes(content))
    return { ...content, source: await openSource(objects, stream, content) }
  }
  for await (const content of pMapIterable(contents, open, { concurrency: READ_AHEAD, backpressure: READ_AHEAD })) {
    yield content
    if (content.fault === undefined) held.release(heldBytes(content))
  }
}

/** The number of bytes of a content that are read. */
const heldBytes = ({ location: { size } }: OrderedContent): number => (size < MIN_COPIED_BYTES ? size : 0)

const openSource = async (
  objects: ObjectStore,
  stream: PinnedObject,
  { location: { offset, size, sha256, content_type } }: OrderedContent,
): Promise<EntrySource> => ({
  range: { object: stream, start: offset, length: size },
  sha256,
  ...(content_type === undefined ? {} : { content_type }),
  ...(size < MIN_COPIED_BYTES ? { bytes: await objects.readBytes(stream, offset, size) } : {}),
})
