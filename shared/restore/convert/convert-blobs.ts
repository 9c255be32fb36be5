import { pMapIterable } from 'p-map'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import { PREFIX_COUNT, firstPosition, readBlobReferences, type BlobReference } from '../../blobs/blob-references.ts'
import { BlobSegment, type EntrySource } from '../../compose/blob-segment.ts'
import type { WrittenSegment } from '../../compose/segments.ts'
import { COPIED_FROM } from '../../compose/open-content.ts'
import { allResults, type Attempt, untyped } from '../../jobs/pass.ts'
import { Composer } from '../../objects/composer.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import type { ConvertCursor, ConvertedBlobs, ConvertResult, CursorOf } from './messages.ts'
import { decodePlace, type StreamPlace } from './content-location.ts'
import { MergedRuns, type RunEntry } from './sorted-runs.ts'
import { invalidRecord } from '../../specstar/errors.ts'
import { workKey } from './work-keys.ts'
import { addCount } from '../../values/model-counts.ts'

/** Small blobs are read ahead, to hide the latency of a GET; eight of under 16 MiB bound the memory. */
const READ_AHEAD = 8

interface PlannedPlace extends StreamPlace {
  readonly position: string
  /** Where a pass that stops before this place goes on. */
  readonly positions: readonly number[]
}

/**
 * One pass of laying blobs and large payloads, in the order of an archive, into segments. Their bytes are read from the stream
 * itself; what payloads name and the stream lacks is listed.
 */
export const convertBlobs = async (
  attempt: Attempt,
  services: Services,
  cursor: CursorOf<'blobs'>,
): Promise<{ part: ConvertedBlobs; next: ConvertCursor }> => {
  const { source } = cursor
  const results = await allResults(services, attempt.job_id, untyped<ConvertResult>('convert'))
  const scans = results.flatMap((result) => (result.phase === 'scan' ? [result] : []))
  const ranges = cellRanges(
    scans.reduce((sum, { place_count, seen }) => sum + place_count + seen.blobs + seen.payloads, 0),
    services.limits.blobsPerRange,
  )
  const runs = scans.flatMap(({ places }) => (places === undefined ? [] : [places]))
  const merged = await MergedRuns.open(services.objects, runs, cursor.positions)
  const writer = new BlobSegments(attempt, services)
  const missing: string[] = []
  try {
    for (const [k, range] of ranges.entries()) {
      if (k < cursor.range) continue
      const from = k === cursor.range ? cursor.from : ''
      const lists = scans.map(({ seen }) => seen).filter(({ payloads, blobs }) => payloads + blobs > 0)
      const seen = (await readBlobReferences(services.objects, lists, range)).filter(({ position }) => position >= from)
      const known = new Map(seen.map((blob) => [blob.position, blob]))
      const places = placesBefore(merged, firstPosition(range.to))
      for await (const { place, content } of readAhead(services, source, places)) {
        if (attempt.timeIsUp() && writer.entries > 0) {
          missing.push(...missed(known, place.position))
          const { position, positions } = place
          const next = { phase: 'blobs', source, positions, range: k, from: position } as const
          return { part: await part(attempt, services, writer, missing), next }
        }
        await writer.add(place, known.get(place.position), content)
        known.delete(place.position)
      }
      missing.push(...missed(known))
    }
    return { part: await part(attempt, services, writer, missing), next: { phase: 'finish', source } }
  } catch (error) {
    await writer.abort()
    throw error
  }
}

/** What was named before a position, and did not come. A payload always comes: its place is noted with its name. */
const missed = (known: ReadonlyMap<string, BlobReference>, before?: string): string[] => {
  const ids = [...known.values()].filter(({ position }) => before === undefined || position < before)
  const payload = ids.find(({ position }) => position.startsWith('0'))
  if (payload !== undefined) throw new Error(`payload ${payload.id} has no place`)
  return ids.map(({ id }) => id)
}

/** Positions are hashes: they spread evenly over the cells. */
const cellRanges = (entries: number, perRange: number): { from: number; to: number }[] => {
  const count = Math.min(Math.max(1, Math.ceil(entries / perRange)), PREFIX_COUNT)
  const border = (k: number): number => Math.floor((k * PREFIX_COUNT) / count)
  return Array.from({ length: count }, (_, k) => ({ from: border(k), to: border(k + 1) }))
}

/** The places before a position, each once. Two blobs of one id must have the same bytes. */
async function* placesBefore(merged: MergedRuns, end: string): AsyncGenerator<PlannedPlace> {
  let before: RunEntry | undefined
  for (let { head } = merged; head !== undefined && head.key.toString() < end; { head } = merged) {
    const { positions } = merged
    if (before?.key.equals(head.key) === true) checkSame(before, head)
    else yield { ...decodePlace(head.body), position: head.key.toString(), positions }
    before = head
    await merged.advance()
  }
}

const checkSame = (first: RunEntry, second: RunEntry): void => {
  const [one, other] = [decodePlace(first.body), decodePlace(second.body)]
  if (one.sha256 !== other.sha256 || one.content_type !== other.content_type)
    throw invalidRecord(second, `blob ${other.id} stands twice with different content, also at byte ${first.offset}`)
}

/** Opens small blobs a few ahead of the one that is written, in order. */
const readAhead = (
  { objects }: Services,
  source: PinnedObject,
  places: AsyncIterable<PlannedPlace>,
): AsyncIterable<{ place: PlannedPlace; content: EntrySource }> =>
  pMapIterable(
    places,
    async (place) => {
      const { offset, size, sha256, content_type } = place
      const range = { object: source, start: offset, length: size }
      const content = { range, sha256, ...(content_type === undefined ? {} : { content_type }) }
      if (size >= COPIED_FROM) return { place, content }
      return { place, content: { ...content, bytes: await objects.readBytes(source, offset, size) } }
    },
    { concurrency: READ_AHEAD, backpressure: READ_AHEAD },
  )

const part = async (
  { job_id, attempt }: Attempt,
  { objects, config }: Services,
  writer: BlobSegments,
  missing: readonly string[],
): Promise<ConvertedBlobs> => ({
  ...(await writer.end()),
  ...(missing.length === 0
    ? {}
    : { missing_list: await objects.putJson(config.buckets.work, workKey.missing(job_id, attempt), missing) }),
})

/** Segments of one pass, one after the other: each as large as one child of a restore takes. */
class BlobSegments {
  readonly #attempt: Attempt
  readonly #services: Services
  readonly #written: WrittenSegment[] = []
  readonly #models: Record<string, number> = {}
  #open: { readonly composer: Composer; readonly segment: BlobSegment } | undefined
  #blobs = 0
  #bytes = 0
  entries = 0

  constructor(attempt: Attempt, services: Services) {
    this.#attempt = attempt
    this.#services = services
  }

  async add(place: PlannedPlace, seen: BlobReference | undefined, content: EntrySource): Promise<void> {
    const { position, id, sha256 } = place
    if (position.startsWith('0') && position !== `0${sha256}`)
      throw new ArchiveInvalidError(`payload ${id} is not at its place`)
    if (this.#open !== undefined && this.#open.segment.bytes >= this.#services.limits.rangeBytes) await this.#close()
    this.#open ??= this.#next()
    // A blob that no payload names is kept in the archive all the same: nothing is lost by converting.
    await this.#open.segment.add({ position, id, models: seen?.models ?? [] }, content)
    this.entries += 1
  }

  async end(): Promise<ConvertedBlobs> {
    await this.#close()
    return {
      phase: 'blobs',
      blob_segments: this.#written,
      blobs: this.#blobs,
      bytes: this.#bytes,
      models: this.#models,
    }
  }

  async abort(): Promise<void> {
    await this.#open?.composer.abort()
  }

  #next(): { readonly composer: Composer; readonly segment: BlobSegment } {
    const { objects, config } = this.#services
    const { job_id, attempt, pass } = this.#attempt
    const k = this.#written.length
    const composer = new Composer(objects, config.buckets.work, workKey.segment(job_id, attempt, k))
    return { composer, segment: new BlobSegment(`converted-${pass}-${k}`, composer) }
  }

  async #close(): Promise<void> {
    const segment = this.#open?.segment
    const written = await segment?.finish()
    this.#open = undefined
    if (segment === undefined || written === undefined) return
    this.#written.push(written)
    this.#blobs += segment.blobs
    this.#bytes += segment.blobBytes
    for (const [model, count] of Object.entries(segment.models)) addCount(this.#models, model, count)
  }
}
