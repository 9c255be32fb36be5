import * as z from 'zod'
import { MissingBlob } from '../../shared/blobs/referrer.ts'
import { UnrestorableResource } from '../../shared/jobs/unrestorable-resource.ts'
import { ERROR_TABLE } from '../../shared/problems/error-table.ts'
import { pascalCase } from '../function-spec.ts'
import { SignedList } from '../http/left-out-view.ts'

const names = () => z.array(z.string()).readonly()
const text = () => z.exactOptional(z.string())
const fieldErrors = () =>
  z
    .array(z.object({ field: z.string(), message: z.string() }).readonly())
    .readonly()
    .describe('The invalid fields of the request')
/** A number of things, and the ids of the first of them. */
const listed = () => z.object({ count: z.int(), ids: names() }).readonly()
const unrestorable = () =>
  z
    .object({
      count: z.int(),
      resources: z.array(UnrestorableResource).readonly(),
      list: z.exactOptional(SignedList),
    })
    .readonly()
const entry = {
  entry: text().describe('The name of the damaged entry'),
  line: z.exactOptional(z.int()),
  expected: z.exactOptional(z.unknown()),
  actual: z.exactOptional(z.unknown()),
  unrestorable_resources: z.exactOptional(unrestorable()),
}
const request_id = z.string().describe('The log contains the error with this id')

/**
 * The members that the problems of a type have in addition to the members of all problems. The class of the error
 * determines which of the optional members are present. The members are those that `ERROR_TABLE` computes.
 */
const MEMBERS: Readonly<Record<string, z.core.$ZodLooseShape>> = {
  'access-denied': { request_id: z.exactOptional(request_id) },
  'archive-invalid': entry,
  'blob-headers-rejected': { id: z.string() },
  'blob-too-large': { id: z.string(), size: z.int(), limit_bytes: z.int() },
  'blobs-missing': {
    missing_blobs: z.exactOptional(
      z
        .object({ count: z.int(), ids: names(), referred_by: z.exactOptional(z.array(MissingBlob).readonly()) })
        .readonly(),
    ),
    id: text(),
  },
  'confirmation-mismatch': { given: z.int(), actual: z.int() },
  conflict: { id: text(), model: text(), job_status: text() },
  duplicates: { duplicates: listed() },
  'entry-corrupt': entry,
  'existing-stores-invalid': { findings: z.array(z.unknown()).readonly() },
  'filters-exclusive': { errors: fieldErrors() },
  'foreign-request': { header: z.string().describe('The header that another site may have caused') },
  'internal-error': { request_id: z.exactOptional(request_id) },
  'invalid-request': { errors: z.exactOptional(fieldErrors()) },
  'method-not-allowed': { allow: names() },
  'restore-running': { model: z.string(), job_id: z.string(), until: text() },
  'section-missing': { model: z.string(), sections: names() },
  'shards-changed': { model: z.string(), stored_shards: z.int(), registered_shards: z.int() },
  'source-not-allowed': { bucket: z.string(), allowed: names() },
  'specstar-refuses': { model: text(), id: text() },
  'storage-full': { request_id: z.exactOptional(request_id) },
  throttled: { request_id: z.exactOptional(request_id) },
  'too-large': { limit_bytes: z.int() },
  'too-many-jobs': {
    running: z.exactOptional(z.int()),
    checks: z.exactOptional(z.int()),
    slots: z.exactOptional(z.int()),
    queued_uploads: z.exactOptional(z.int()),
  },
  'torn-resources': { torn_resources: listed() },
  'unknown-model': { model: z.string(), registered: names() },
  'unknown-models': { count: z.int(), models: names(), registered: names() },
  'unknown-schedule': { schedule: z.string(), schedules: names() },
  'unrestorable-resources': { unrestorable_resources: unrestorable() },
  'unsupported-version': { version: z.exactOptional(z.union([z.int(), z.string()])) },
  'verification-failed': { checks: names().describe('The checks that failed') },
}

/** A type of problem, its status and its schema. */
export interface ProblemType {
  readonly type: string
  readonly status: number
  readonly schema: z.ZodType
}

const problemType = (type: string, status: number, titles: readonly string[]): ProblemType => ({
  type,
  status,
  schema: z
    .object({
      type: z.literal(type),
      title: z.string().meta({ examples: [...titles] }),
      status: z.literal(status),
      detail: z.string(),
      instance: text().describe('The path of the job that failed'),
      ...MEMBERS[type],
    })
    .readonly()
    .meta({ id: `${pascalCase(type)}Problem` }),
})

/** All types of problems, from the error table. */
export const PROBLEM_TYPES: ReadonlyMap<string, ProblemType> = new Map(
  [...Map.groupBy(Object.values(ERROR_TABLE), ({ type }) => type)].map(([type, rows]) => {
    const status = rows[0]?.status ?? 500
    return [type, problemType(type, status, [...new Set(rows.map(({ title }) => title))])]
  }),
)
