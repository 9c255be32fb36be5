import { z } from 'zod'
import { MissingBlob } from '../../blobs/referrer.ts'
import type { Filters } from '../../filters/filters.ts'
import { PinnedObject } from '../../objects/object.ts'
import { Problem } from '../../problems/problem.ts'
import {
  type ExportRequest,
  type ExportResult,
  type Job,
  JOB_STATUSES,
  type RestoreRequest,
  type RestoreResult,
  STRATEGIES,
} from '../job.ts'
import { UnrestorableResource } from '../unrestorable-resource.ts'

/*
 * The schema of the jobs in the job table. It also accepts the jobs of earlier releases, because jobs are kept for 90
 * days. Every object is loose, so that members that this release does not know are kept. If a member is added to a type
 * in `job.ts`, it must also be added here.
 */

const text = z.string()
const texts = z.array(text)
const optionalText = z.exactOptional(text)
const count = z.int()

const StoredFilters: z.ZodType<Filters> = z.looseObject({
  is_deleted: z.exactOptional(z.boolean()),
  created_time_start: optionalText,
  created_time_end: optionalText,
  updated_time_start: optionalText,
  updated_time_end: optionalText,
  created_bys: z.exactOptional(texts),
  updated_bys: z.exactOptional(texts),
  rev_statuses: z.exactOptional(texts),
  rev_created_bys: z.exactOptional(texts),
  rev_updated_bys: z.exactOptional(texts),
  rev_created_time_start: optionalText,
  rev_created_time_end: optionalText,
  rev_updated_time_start: optionalText,
  rev_updated_time_end: optionalText,
  ids: z.exactOptional(texts),
  conditions: optionalText,
  data_conditions: optionalText,
  qb: optionalText,
})

const StoredExportRequest: z.ZodType<ExportRequest> = z.looseObject({
  models: texts,
  route_model: optionalText,
  schedule: z.exactOptional(z.looseObject({ name: text, at: text, min_ratio: z.exactOptional(z.number()) })),
  filters: StoredFilters,
  strict: z.boolean(),
  format: z.enum(['acbak', 'specstar']),
})

const ObjectName = z.looseObject({ bucket: text, key: text })

const StoredRestoreRequest: z.ZodType<RestoreRequest> = z.looseObject({
  models: z.exactOptional(texts),
  route_model: optionalText,
  filters: StoredFilters,
  on_duplicate: z.enum(STRATEGIES),
  dry_run: z.boolean(),
  strict: z.exactOptional(z.boolean()),
  archive: z.exactOptional(z.looseObject({ bucket: text, key: text, version_id: optionalText, etag: optionalText })),
  report_beside: z.exactOptional(ObjectName),
})

const StoredBlobs = z.looseObject({
  count,
  ids: texts,
  referred_by: z.exactOptional(z.array(MissingBlob)),
})

const StoredResources = z.looseObject({ count, resources: z.array(UnrestorableResource) })

const StoredUnaccounted = z.looseObject({
  count,
  incomplete: z.exactOptional(z.boolean()),
  reasons: z.record(text, count),
  items: z.array(z.looseObject({ pk: text, sk: text, reason: text })),
  list: z.exactOptional(ObjectName),
})
const ListedIds = z.looseObject({ count, ids: texts })
const idsWithoutResource = { not_found: z.exactOptional(ListedIds), excluded: z.exactOptional(ListedIds) }

const StoredSuspicion = z.looseObject({
  resources: count,
  findings: z.array(
    z.looseObject({
      model: text,
      count: z.enum(['resources', 'revisions', 'blobs']),
      before: count,
      now: count,
      compared_with: text,
    }),
  ),
  decision: z.exactOptional(z.looseObject({ decision: z.enum(['confirmed', 'rejected']), by: text, at: text })),
})

const StoredExportResult: z.ZodType<ExportResult> = z.looseObject({
  archive: z.looseObject({ ...PinnedObject.unwrap().shape, manifest_sha256: optionalText }),
  models: z.record(text, z.looseObject({ resources: count, revisions: count, blobs: count })),
  complete: z.boolean(),
  missing_blobs: StoredBlobs,
  left_out: z.exactOptional(StoredResources),
  unaccounted: z.exactOptional(StoredUnaccounted),
  ...idsWithoutResource,
  suspicious: z.exactOptional(StoredSuspicion),
})

const StoredRestoreResult: z.ZodType<RestoreResult> = z.looseObject({
  models: z.record(text, z.looseObject({ loaded: count, skipped: count, total: count })),
  verification: z.exactOptional(
    z.looseObject({ passed: z.boolean(), proved: z.exactOptional(z.boolean()), checks: z.record(text, z.unknown()) }),
  ),
  dry_run: z.exactOptional(
    z.looseObject({
      models: z.record(text, z.looseObject({ new: count, changed: count, same: count, target_only: count })),
      blobs: z.looseObject({ new: count, changed: count, same: count }),
      findings: z.array(z.unknown()),
    }),
  ),
  missing_blobs: z.exactOptional(StoredBlobs),
  blob_conflicts: z.exactOptional(StoredBlobs),
  left_out: z.exactOptional(StoredResources),
  ...idsWithoutResource,
  report: z.exactOptional(ObjectName),
})

const MEMBERS = {
  job_id: text,
  status: z.enum(JOB_STATUSES),
  phase: optionalText,
  planned: z.exactOptional(z.record(text, count)),
  source: z.enum(['api', 'upload', 'schedule']),
  requested_by: text,
  created_at: text,
  started_at: optionalText,
  ended_at: optionalText,
  published_at: optionalText,
  error: z.exactOptional(Problem),
  slot_expires_at: optionalText,
}

export const StoredJob: z.ZodType<Job> = z.discriminatedUnion('kind', [
  z.looseObject({
    ...MEMBERS,
    kind: z.literal('export'),
    request: StoredExportRequest,
    result: z.exactOptional(StoredExportResult),
  }),
  z.looseObject({
    ...MEMBERS,
    kind: z.literal('restore'),
    request: StoredRestoreRequest,
    leased: z.exactOptional(texts),
    result: z.exactOptional(StoredRestoreResult),
  }),
])
