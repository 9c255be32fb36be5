import type { RevisionInfo } from '../../../shared/resources/attributes.ts'
import { indexedText, indexedValues } from '../../../shared/resources/indexed.ts'
import type { Model } from '../../../shared/resources/models.ts'
import { decodePayload } from '../../../shared/resources/payload.ts'
import { pick, uuidOf, xxh3Hex } from './content-hash.ts'
import { payloadText } from './json-text.ts'
import type { SampleBlob, SampleResource, SampleRevision } from './sample.ts'
import { timeText, userOf } from './users.ts'

export type Payload = Readonly<Record<string, unknown>>

/** One change of a resource, which creates a revision. */
export interface Save {
  readonly payload: Payload
  /** The number of the parent revision. The default is the previous revision. The revisions form a tree. */
  readonly from?: number
  readonly status?: 'draft' | 'stable'
}

/** The history of one resource, from which its metadata and its revisions are created. */
export interface ResourceHistory {
  readonly model: Model
  readonly id: string
  readonly saves: readonly [Save, ...Save[]]
  readonly blobs: readonly SampleBlob[]
  /** The number of the current revision. The default is the last revision. */
  readonly current?: number
  readonly deleted: boolean
  /** The number of oldest revisions that were deleted. They are not stored, but the metadata still counts them. */
  readonly pruned: number
}

/**
 * 2023-01-01T00:00:00Z in seconds. The times of the sample data are constant, so that every run writes the same data.
 */
const FIRST_DAY = 1_672_531_200
const DAY = 86_400
/** Resources are created within the first 900 days. At most 40 days are between two changes of a resource. */
const CREATED_WITHIN = 900 * DAY
const CHANGED_WITHIN = 40 * DAY

/** Returns the metadata and the revisions that SpecStar would store for a history. */
export const resourceOf = ({
  model,
  id,
  saves,
  blobs,
  current = saves.length,
  deleted,
  pruned,
}: ResourceHistory): SampleResource => {
  const instants = instantsOf(id, saves.length + 1)
  const all = saves.map((save, k) => revisionOf(id, k + 1, save, instants[k] ?? FIRST_DAY))
  const [first] = all
  const currentRevision = all[current - 1] ?? all[all.length - 1]
  const currentSave = saves[current - 1] ?? saves[0]
  if (first === undefined || currentRevision === undefined) throw new RangeError(`${id} has no revisions`)
  // Switching to another revision and deleting a resource change only the metadata. Here, this happens after the last
  // revision was created.
  const metadataChanged = deleted || current !== saves.length
  const metadataUser = userOf(`${id} touched`, 2)
  const updated = metadataChanged
    ? timeText(instants[saves.length] ?? FIRST_DAY, 0, metadataUser)
    : currentRevision.info.updated_time
  return {
    model: model.name,
    meta: {
      current_revision_id: currentRevision.info.revision_id,
      resource_id: id,
      schema_version: null,
      total_revision_count: saves.length,
      created_time: first.info.created_time,
      updated_time: updated,
      created_by: first.info.created_by,
      updated_by: metadataChanged ? metadataUser.name : currentRevision.info.updated_by,
      is_deleted: deleted,
      indexed_data: indexedOf(model, currentSave.payload),
      rev_status: currentRevision.info.status,
      rev_created_by: currentRevision.info.created_by,
      rev_updated_by: currentRevision.info.updated_by,
      rev_created_time: currentRevision.info.created_time,
      rev_updated_time: currentRevision.info.updated_time,
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
  const bytes = Buffer.from(payloadText(payload))
  // About half of the times have a fraction with microseconds. The others are whole seconds.
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
    // A draft was changed one hour after its creation.
    updated_time: status === 'draft' ? timeText(at + 3600, micros, user) : created,
    created_by: user.name,
    updated_by: user.name,
  }
  return { info, payload: bytes }
}

/** Returns the times of `count` changes in seconds since 1970, in ascending order and at least two hours apart. */
const instantsOf = (id: string, count: number): number[] => {
  let at = FIRST_DAY + pick(`${id} created`, CREATED_WITHIN)
  return Array.from({ length: count }, (_, k) => {
    if (k > 0) at += 7200 + pick(`${id} change ${k}`, CHANGED_WITHIN)
    return at
  })
}

/**
 * Returns the attribute `indexed_data` of the metadata for a payload. Like SpecStar, sorts the fields by code point.
 */
const indexedOf = (model: Model, payload: Payload): string =>
  indexedText(indexedValues(model, decodePayload(payloadText(payload))).sort(([a], [b]) => (a < b ? -1 : 1)))
