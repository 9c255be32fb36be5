import { z } from 'zod'
import type { BlobReferenceList } from '../../blobs/blob-reference-list.ts'
import type { RecordsSegment, WrittenSegment } from '../../compose/segments.ts'
import type { PassResult } from '../../jobs/pass.ts'
import type { PinnedObject } from '../../objects/object.ts'
import { OrderState } from '../../specstar/stream-order.ts'

const ReaderPosition = z.object({ offset: z.int(), records: z.int() })

const Pinned = z.object({
  bucket: z.string(),
  key: z.string(),
  size: z.int(),
  etag: z.string(),
  version_id: z.exactOptional(z.string()),
})

/**
 * Where a conversion goes on. `scan` reads the stream and sorts what it finds into runs, `join` merges runs where there are
 * too many, `records` and `blobs` merge them into segments of an archive, `finish` lays these end to end.
 */
export const ConvertCursor = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('scan'), source: Pinned, position: ReaderPosition, order: OrderState }),
  z.object({ phase: z.literal('join'), source: Pinned }),
  z.object({ phase: z.literal('records'), source: Pinned, positions: z.array(z.int()).readonly() }),
  z.object({
    phase: z.literal('blobs'),
    source: Pinned,
    positions: z.array(z.int()).readonly(),
    range: z.int(),
    /** Positions before this one are behind. */
    from: z.string(),
  }),
  z.object({ phase: z.literal('finish'), source: Pinned }),
])
export type ConvertCursor = z.output<typeof ConvertCursor>
export type CursorOf<Phase extends ConvertCursor['phase']> = Extract<ConvertCursor, { readonly phase: Phase }>

/** What a pass over the stream found. */
export interface Scanned {
  readonly phase: 'scan'
  readonly runs: readonly PinnedObject[]
  /** Where blobs and large payloads lie in the stream: a run too, absent where there are none. */
  readonly places?: PinnedObject
  readonly place_count: number
  readonly seen: BlobReferenceList
  /** The models whose sections begin here. */
  readonly models: readonly string[]
  /** Records read; `revisions` and `resources` are shown as progress. */
  readonly resources: number
  readonly revisions: number
  /** What the stream has and SpecStar lets pass: a stale or missing `data_hash`, unknown keys. The first of it (`Finding[]`). */
  readonly told?: PinnedObject
}

/** The first `joined` runs became one. */
export interface Joined {
  readonly phase: 'join'
  readonly joined: number
  readonly run: PinnedObject
}

export interface ConvertedRecords {
  readonly phase: 'records'
  readonly segments: readonly RecordsSegment[]
}

export interface ConvertedBlobs {
  readonly phase: 'blobs'
  readonly blob_segments: readonly WrittenSegment[]
  readonly blobs: number
  readonly bytes: number
  readonly models: Readonly<Record<string, number>>
  /** Ids that payloads name and the stream lacks, as a JSON list. */
  readonly missing_list?: PinnedObject
}

/** There was nothing to convert, or all of it is. */
export interface ConvertEnd {
  readonly phase: 'not-a-stream' | 'finish'
}

/** The result of a pass: its part, and where the next one goes on. */
export type ConvertPart = Scanned | Joined | ConvertedRecords | ConvertedBlobs | ConvertEnd
export type ConvertResult = PassResult & ConvertPart
