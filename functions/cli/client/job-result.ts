import * as z from 'zod'

const Counts = z.record(z.string(), z.number())
const Ids = z.looseObject({ count: z.number(), ids: z.array(z.string()) })
const Resources = z.looseObject({
  count: z.number(),
  resources: z.array(z.looseObject({ model: z.string(), resource_id: z.string(), reason: z.string() })),
})
const Finding = z.looseObject({
  model: z.string(),
  resource_id: z.string(),
  what: z.string(),
  expected: z.string(),
  actual: z.string(),
})
const Check = z.looseObject({
  passed: z.boolean(),
  checked: z.number(),
  findings: z.array(Finding),
  findings_total: z.number(),
})
const Verification = z.looseObject({
  passed: z.boolean(),
  /** Absent in the result of a check: it reads only the archive. */
  proved: z.exactOptional(z.boolean()),
  checks: z.record(z.string(), Check),
})

/**
 * The members of the results of jobs that this command reads. An export, a restore, a dry run and a check have
 * different members. Other members are kept for `--json`.
 */
export const JobResult = z.looseObject({
  models: z.exactOptional(z.record(z.string(), Counts)),
  // A restore of one model has its counts at the top level.
  loaded: z.exactOptional(z.number()),
  skipped: z.exactOptional(z.number()),
  total: z.exactOptional(z.number()),
  url: z.exactOptional(z.string()),
  archive: z.exactOptional(
    z.looseObject({
      bucket: z.string(),
      key: z.string(),
      version_id: z.exactOptional(z.string()),
      size: z.number(),
    }),
  ),
  complete: z.exactOptional(z.boolean()),
  suspicious: z.exactOptional(
    z.looseObject({
      findings: z.array(z.looseObject({ model: z.string(), count: z.string(), before: z.number(), now: z.number() })),
      decision: z.exactOptional(z.looseObject({ decision: z.string() })),
    }),
  ),
  dry_run: z.exactOptional(z.boolean()),
  blobs: z.exactOptional(Counts),
  findings: z.exactOptional(z.array(Finding)),
  verification: z.exactOptional(Verification),
  target_only: z.exactOptional(Counts),
  target_only_unknown: z.exactOptional(z.array(z.string())),
  missing_blobs: z.exactOptional(Ids),
  blob_conflicts: z.exactOptional(Ids),
  not_found: z.exactOptional(Ids),
  excluded: z.exactOptional(Ids),
  left_out: z.exactOptional(Resources),
  omitted: z.exactOptional(Resources),
  unaccounted: z.exactOptional(z.looseObject({ count: z.number(), reasons: z.exactOptional(Counts) })),
})
export type JobResult = z.output<typeof JobResult>
export type Finding = z.output<typeof Finding>
export type Check = z.output<typeof Check>
