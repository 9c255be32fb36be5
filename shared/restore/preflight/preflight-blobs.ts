import pLimit from 'p-limit'
import { ArchiveInvalidError } from '../../archive/errors.ts'
import { entrySortKey, type IndexLine } from '../../archive/index-line.ts'
import type { OpenArchive } from '../../archive/archive.ts'
import { readEntries, readIndex } from '../../archive/segment-reader.ts'
import { PREFIX_COUNT, readBlobReferences, type BlobReference } from '../../blobs/blob-references.ts'
import type { Strategy } from '../../jobs/job.ts'
import { type Attempt, type PassResult, runPass, untyped } from '../../jobs/pass.ts'
import { restoreJob } from '../../jobs/find-job.ts'
import { truncate, MAX_LISTED_CHARACTERS, MAX_LISTED } from '../../values/message-text.ts'
import type { PassInput, PassOutput } from '../../jobs/messages.ts'
import type { PinnedObject } from '../../objects/object.ts'
import type { Services } from '../../runtime/services.ts'
import { type BlobAction, type RestoredBlob, writeBlobList } from './blob-list.ts'
import { openPlanned, restorePlan } from '../inspect/restore-plan.ts'
import { restoreBlobPlan } from './plan-preflight-blobs.ts'
import { readThrough } from './read-through.ts'
import { workKey } from '../work-keys.ts'
import { addCount } from '../../values/model-counts.ts'

export interface PreflightBlobsResult extends PassResult {
  /** The blobs that resources to be written refer to. */
  readonly list: PinnedObject
  /** Blobs alone, without spilled payloads. */
  readonly actions: Readonly<Record<BlobAction, number>>
  /** Blobs whose bytes differ in the target, and the first of them with the models that refer to them. */
  readonly different: number
  readonly different_blobs: readonly { readonly id: string; readonly models: readonly string[] }[]
  /** Blob entries read, and their bytes. */
  readonly blobs: number
  readonly bytes: number
  /** The different blobs in the archive that each model refers to. */
  readonly models: Readonly<Record<string, number>>
  /** Ids referred to that the archive itself says it lacks, where this restore needs them: their number, and a JSON list. */
  readonly missing: number
  readonly missing_list?: PinnedObject
}

interface Cursor {
  readonly k: number
  readonly entry: number
}

/** Small reads of the target that wait beside the archive's stream. */
const PARALLEL_LOOKS = 16

/** One pass over blob segments: reads and checks their bytes, and looks at what the target has under the same ids. */
export const preflightBlobs = (input: PassInput, services: Services): Promise<PassOutput> =>
  runPass(untyped<PreflightBlobsResult>('preflight-blobs'), input, services, (attempt) =>
    preflightPass(attempt, services),
  )

const preflightPass = async (attempt: Attempt, services: Services): Promise<PreflightBlobsResult> => {
  const { job_id, n } = attempt
  const { request } = await restoreJob(services, job_id)
  const plan = await restorePlan(services, job_id)
  const blobPlan = await restoreBlobPlan(services, job_id)
  const archive = await openPlanned(services, plan)
  const segments = blobPlan.items[n] ?? []
  const next = blobPlan.items[n + 1]?.[0]
  const start = attempt.cursor === undefined ? { k: 0, entry: 0 } : (JSON.parse(attempt.cursor) as Cursor)

  const first = segments[start.k]
  const from =
    first === undefined || (n === 0 && attempt.cursor === undefined)
      ? ''
      : await positionAt(archive, first, start.entry)
  const until = next === undefined ? '' : await positionAt(archive, next, 0)
  const seen = await seenBetween(services, blobPlan.lists, from, until)
  const pass = new BlobsPass(services, request.on_duplicate, seen)

  let cursor: Cursor | undefined
  let lastPosition = from
  for (const [k, segment] of segments.entries()) {
    if (k < start.k || cursor !== undefined) continue
    const opened = archive.segments[segment]
    if (opened === undefined) throw new Error(`the archive has no segment ${segment}`)
    const index = await readIndex(archive, opened)
    const begin = k === start.k ? start.entry : 0
    const entries = readEntries(archive, opened, index, {
      ...(begin === 0 ? {} : { from: begin }),
      ...(plan.whole ? {} : { filter: (entry: IndexLine) => seen.has(entrySortKey(entry)) }),
    })
    for await (const { entry, ordinal } of entries) {
      if (attempt.timeIsUp() && pass.entries > 0) {
        cursor = { k, entry: ordinal }
        break
      }
      const position = entrySortKey(entry)
      if (position < lastPosition || (position === lastPosition && pass.entries > 0))
        throw new ArchiveInvalidError(`entry ${entry.path} stands out of order`)
      lastPosition = position
      // The content is read and checked by the reader, before it gives the next entry.
      pass.entry(position, entry, opened.offset + entry.offset)
    }
    if (begin > 0 && cursor === undefined && plan.whole) await readThrough(archive, segment)
  }
  const end = cursor === undefined ? until : await positionAt(archive, segments[cursor.k] ?? 0, cursor.entry)
  const missing = pass.missing(end, new Set(plan.missing_blobs))
  const blobs = await pass.finish()
  const differing = blobs.filter(
    ({ kind, action }) => kind === 'blob' && (action === 'changed' || action === 'conflict'),
  )
  // A payload is part of its resource: it is told of there.
  const count = (action: BlobAction): number =>
    blobs.filter((blob) => blob.kind === 'blob' && blob.action === action).length
  return {
    done: cursor === undefined,
    ...(cursor === undefined ? {} : { cursor: JSON.stringify(cursor) }),
    list: await writeBlobList(services, workKey.blobs(job_id, n, attempt.attempt), blobs),
    actions: { new: count('new'), changed: count('changed'), same: count('same'), conflict: count('conflict') },
    different: differing.length,
    different_blobs: differing
      .slice(0, MAX_LISTED)
      .map(({ id, models }) => ({ id: truncate(id, MAX_LISTED_CHARACTERS), models })),
    blobs: pass.blobs,
    bytes: pass.bytes,
    models: pass.models,
    missing: missing.length,
    ...(missing.length === 0
      ? {}
      : {
          missing_list: await services.objects.putJson(
            services.config.buckets.work,
            workKey.missing(job_id, n, attempt.attempt),
            missing,
          ),
        }),
  }
}

/** The position of an entry, or of a segment's first. */
const positionAt = async (archive: OpenArchive, segment: number, entry: number): Promise<string> => {
  const opened = archive.segments[segment]
  const line = opened === undefined ? undefined : (await readIndex(archive, opened))[entry]
  return line === undefined ? '' : entrySortKey(line)
}

/** What was seen from one position (inclusive) to another (exclusive; '' is the end). */
const seenBetween = async (
  { objects }: Services,
  lists: Parameters<typeof readBlobReferences>[1],
  from: string,
  until: string,
): Promise<Map<string, BlobReference>> => {
  const cell = (position: string): number => Number.parseInt(position.slice(0, 4), 16)
  const seen = await readBlobReferences(objects, lists, {
    from: from === '' ? 0 : cell(from),
    to: until === '' ? PREFIX_COUNT : cell(until) + 1,
  })
  return new Map(
    seen
      .filter(({ position }) => position >= from && (until === '' || position < until))
      .map((blob) => [blob.position, blob]),
  )
}

/** What one pass gathers: entries met, looks at the target, what was referred to and not met. */
class BlobsPass {
  readonly #services: Services
  readonly #strategy: Strategy
  readonly #seen: Map<string, BlobReference>
  readonly #limit = pLimit(PARALLEL_LOOKS)
  readonly #looks: Promise<RestoredBlob>[] = []
  readonly #met = new Set<string>()
  readonly models: Record<string, number> = {}
  entries = 0
  blobs = 0
  bytes = 0

  constructor(services: Services, strategy: Strategy, seen: Map<string, BlobReference>) {
    this.#services = services
    this.#strategy = strategy
    this.#seen = seen
  }

  entry(position: string, entry: IndexLine, offset: number): void {
    this.entries += 1
    if (entry.kind === 'blob') {
      this.blobs += 1
      this.bytes += entry.size
    }
    const seen = this.#seen.get(position)
    this.#met.add(position)
    if (seen === undefined) return
    if (entry.kind === 'blob') for (const model of seen.models) addCount(this.models, model)
    if (!seen.needed) return
    const { size, sha256, content_type } = entry
    const kind = entry.kind === 'payload' ? 'payload' : 'blob'
    const blob = { kind, id: seen.id, offset, size, sha256, models: seen.models } as const
    const look = this.#limit(async () => ({
      ...blob,
      ...(content_type === undefined ? {} : { content_type }),
      action: await this.#look(blob),
    }))
    // Awaited together at the end of the pass; until then a rejection must not end the process.
    look.catch(() => undefined)
    this.#looks.push(look)
  }

  /** Ids referred to before `end` that the archive does not hold: it must say so itself. */
  missing(end: string, known: ReadonlySet<string>): string[] {
    const missing: string[] = []
    for (const [position, { id, needed }] of this.#seen) {
      if (this.#met.has(position) || (end !== '' && position >= end)) continue
      if (position.startsWith('0')) throw new ArchiveInvalidError(`payload ${id} is referred to and not in the archive`)
      if (!known.has(id))
        throw new ArchiveInvalidError(`blob ${id} is referred to, not in the archive, and not listed as missing`)
      if (needed) missing.push(id)
    }
    return missing
  }

  finish(): Promise<RestoredBlob[]> {
    return Promise.all(this.#looks)
  }

  /** Compares with the target's own bytes: metadata proves nothing. */
  async #look(blob: { kind: 'payload' | 'blob'; id: string; size: number; sha256: string }): Promise<BlobAction> {
    const { payloads, blobs } = this.#services
    const stored = await (blob.kind === 'payload' ? payloads.sha256Of(blob.id) : blobs.sha256Of(blob.id))
    if (stored === undefined) return 'new'
    if (stored.object.size === blob.size && stored.sha256 === blob.sha256) return 'same'
    return blob.kind === 'blob' && this.#strategy === 'skip' ? 'conflict' : 'changed'
  }
}
