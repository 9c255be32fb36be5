import type { RevisionInfo } from '../../../shared/resources/attributes.ts'
import { indexedText, indexedValues } from '../../../shared/resources/indexed.ts'
import type { Model } from '../../../shared/resources/models.ts'
import { decodePayload } from '../../../shared/resources/payload.ts'
import { pick, uuidOf, xxh3Hex } from './content-hash.ts'
import { jsonText } from './json-text.ts'
import type { SampleBlob, SampleResource, SampleRevision } from './sample.ts'
import { timeText, userOf } from './users.ts'

export type Payload = Readonly<Record<string, unknown>>

/** One saved state of a resource. */
export interface Save {
  readonly payload: Payload
  /** The revision number that it was made from, where that is not the one before: history is a tree. */
  readonly from?: number
  readonly status?: 'draft' | 'stable'
}

/** What happened to one resource, told shortly. */
export interface Story {
  readonly model: Model
  readonly id: string
  readonly saves: readonly [Save, ...Save[]]
  readonly blobs: readonly SampleBlob[]
  /** The revision number that is current, where someone switched back; else the last. */
  readonly current?: number
  readonly deleted: boolean
  /** How many of the first revisions SpecStar has pruned since: they count, but are not stored. */
  readonly pruned: number
}

/** 2023-01-01T00:00:00Z: the samples never look at a clock. */
const FIRST_DAY = 1_672_531_200
const DAY = 86_400
/** Resources are created over two and a half years, and each change follows within 40 days. */
const CREATED_WITHIN = 900 * DAY
const CHANGED_WITHIN = 40 * DAY

/** Makes the metadata and the revisions of a story as SpecStar would have stored them. */
export const resourceOf = ({
  model,
  id,
  saves,
  blobs,
  current = saves.length,
  deleted,
  pruned,
}: Story): SampleResource => {
  const instants = instantsOf(id, saves.length + 1)
  const all = saves.map((save, k) => revisionOf(id, k + 1, save, instants[k] ?? FIRST_DAY))
  const [first] = all
  const now = all[current - 1] ?? all[all.length - 1]
  const currentSave = saves[current - 1] ?? saves[0]
  if (first === undefined || now === undefined) throw new RangeError(`${id} has no revisions`)
  // A switch or a deletion changes metadata alone, after the last revision.
  const touched = deleted || current !== saves.length
  const toucher = userOf(`${id} touched`, 2)
  const updated = touched ? timeText(instants[saves.length] ?? FIRST_DAY, 0, toucher) : now.info.updated_time
  return {
    model: model.name,
    meta: {
      current_revision_id: now.info.revision_id,
      resource_id: id,
      schema_version: null,
      total_revision_count: saves.length,
      created_time: first.info.created_time,
      updated_time: updated,
      created_by: first.info.created_by,
      updated_by: touched ? toucher.name : now.info.updated_by,
      is_deleted: deleted,
      indexed_data: indexedOf(model, currentSave.payload),
      rev_status: now.info.status,
      rev_created_by: now.info.created_by,
      rev_updated_by: now.info.updated_by,
      rev_created_time: now.info.created_time,
      rev_updated_time: now.info.updated_time,
    },
    revisions: all.slice(pruned),
    blobs,
  }
}

const revisionOf = (
  id: string,
  n: number,
  { payload, from = n - 1, status = 'stable' }: Save,
  at: number,
): SampleRevision => {
  const revisionId = `${id}:${n}`
  const user = userOf(revisionId, n)
  const bytes = Buffer.from(jsonText(payload))
  // Half of the servers that wrote these kept microseconds.
  const micros = pick(`${revisionId} fraction`, 2) * pick(`${revisionId} micros`, 1_000_000)
  const created = timeText(at, micros, user)
  const info: RevisionInfo = {
    uid: uuidOf(`${revisionId} uid`),
    resource_id: id,
    revision_id: revisionId,
    parent_revision_id: from === 0 ? null : `${id}:${from}`,
    schema_version: null,
    data_hash: `xxh3_128:${xxh3Hex(bytes)}`,
    status,
    created_time: created,
    // A draft was worked on for an hour after it was begun.
    updated_time: status === 'draft' ? timeText(at + 3600, micros, user) : created,
    created_by: user.name,
    updated_by: user.name,
  }
  return { info, payload: bytes }
}

/** Seconds since 1970 of each change, ascending, at least two hours apart. */
const instantsOf = (id: string, count: number): number[] => {
  let at = FIRST_DAY + pick(`${id} created`, CREATED_WITHIN)
  return Array.from({ length: count }, (_, k) => {
    if (k > 0) at += 7200 + pick(`${id} change ${k}`, CHANGED_WITHIN)
    return at
  })
}

/** `indexed_data` of a payload, keys by code point, as SpecStar sorts them. */
const indexedOf = (model: Model, payload: Payload): string =>
  indexedText(indexedValues(model, decodePayload(jsonText(payload))).sort(([a], [b]) => (a < b ? -1 : 1)))
