import * as z from 'zod/mini'

// Contains only the members that the page shows. Most are optional, because answers and jobs of earlier
// releases lack some of them. API.md describes all members.

const text = z.string
const maybe = z.optional

const Counts = z.record(z.string(), z.number())
const CountsByModel = z.record(z.string(), Counts)

export const Problem = z.looseObject({
  type: text(),
  title: text(),
  status: z.number(),
  detail: text(),
  instance: maybe(text()),
})
export type Problem = z.output<typeof Problem>

const Finding = z.object({
  model: maybe(text()),
  resource_id: maybe(text()),
  what: text(),
  expected: maybe(text()),
  actual: maybe(text()),
})
export type Finding = z.output<typeof Finding>

const Check = z.object({
  passed: z.boolean(),
  checked: z.number(),
  findings: z.array(Finding),
  findings_total: z.number(),
})
export type Check = z.output<typeof Check>

const Verification = z.object({
  passed: z.boolean(),
  proved: maybe(z.boolean()),
  checks: z.record(z.string(), Check),
})

const ListedIds = z.looseObject({ count: z.number(), ids: maybe(z.array(text())) })
const ListedResources = z.looseObject({
  count: z.number(),
  resources: maybe(z.array(z.looseObject({ model: text(), resource_id: maybe(text()), reason: maybe(text()) }))),
})

const Suspicious = z.object({
  resources: z.number(),
  findings: z.array(z.object({ model: text(), count: text(), before: z.number(), now: z.number() })),
  decision: maybe(z.object({ decision: text(), by: text(), at: text() })),
})
export type Suspicious = z.output<typeof Suspicious>

const ArchiveLocation = z.looseObject({
  bucket: text(),
  key: text(),
  version_id: maybe(text()),
  size: maybe(z.number()),
})

const Result = z.looseObject({
  url: maybe(text()),
  archive: maybe(ArchiveLocation),
  models: maybe(CountsByModel),
  /** `POST /{model}/import` answers with the counts of its model at the top level. */
  loaded: maybe(z.number()),
  skipped: maybe(z.number()),
  total: maybe(z.number()),
  dry_run: maybe(z.boolean()),
  blobs: maybe(Counts),
  findings: maybe(z.array(Finding)),
  verification: maybe(Verification),
  complete: maybe(z.boolean()),
  missing_blobs: maybe(ListedIds),
  blob_conflicts: maybe(ListedIds),
  not_found: maybe(ListedIds),
  excluded: maybe(ListedIds),
  left_out: maybe(ListedResources),
  omitted: maybe(ListedResources),
  unaccounted: maybe(z.looseObject({ count: maybe(z.number()), incomplete: maybe(z.boolean()) })),
  suspicious: maybe(Suspicious),
})
export type Result = z.output<typeof Result>

export const Job = z.object({
  job_id: text(),
  kind: text(),
  status: text(),
  phase: maybe(text()),
  progress: maybe(z.object({ done: z.number(), total: z.number() })),
  counts: maybe(Counts),
  expected: maybe(Counts),
  throttled: maybe(z.array(z.object({ by: text(), operation: text(), attempts: z.number() }))),
  source: text(),
  requested_by: text(),
  created_at: text(),
  started_at: maybe(text()),
  ended_at: maybe(text()),
  slot_expires_at: maybe(text()),
  request: z.looseObject({}),
  result: maybe(Result),
  error: maybe(Problem),
  rolled_back: maybe(z.boolean()),
  links: z.record(z.string(), text()),
  duration_seconds: maybe(z.number()),
  models: maybe(CountsByModel),
  archive: maybe(ArchiveLocation),
})
export type Job = z.output<typeof Job>

export const JobList = z.object({ jobs: z.array(Job), cursor: maybe(text()) })

export const StartedJob = z.looseObject({ job_id: text() })

export const Report = z.looseObject({
  passed: maybe(z.boolean()),
  proved: maybe(z.boolean()),
  strategy: maybe(text()),
  checks: maybe(z.record(z.string(), Check)),
  models: maybe(CountsByModel),
  error: maybe(Problem),
})
export type Report = z.output<typeof Report>

export const Archive = z.object({
  job_id: text(),
  source: text(),
  schedule: maybe(text()),
  bucket: text(),
  key: text(),
  version_id: maybe(text()),
  size: z.number(),
  format: maybe(text()),
  created_at: text(),
  models: CountsByModel,
  scope: maybe(z.looseObject({ models: maybe(z.array(text())), filters: maybe(z.looseObject({})) })),
  complete: z.boolean(),
  suspicious: z.boolean(),
  decision: maybe(text()),
  locked_until: maybe(text()),
  last_checked: maybe(z.object({ at: text(), job_id: text(), passed: z.boolean() })),
  last_proved: maybe(z.object({ at: text(), job_id: text() })),
})
export type Archive = z.output<typeof Archive>

export const ArchiveList = z.object({ archives: z.array(Archive), cursor: maybe(text()) })

const FailedJob = z.looseObject({ job_id: text(), kind: maybe(text()), ended_at: maybe(text()), type: maybe(text()) })

export const Health = z.object({
  status: text(),
  checks: z.object({
    jobs: z.object({ failed: z.array(FailedJob), all_examined: maybe(z.boolean()) }),
    schedules: z.object({ overdue: z.array(text()), unknown: z.array(text()), suspicious: z.array(text()) }),
    throttling: z.object({ jobs: z.array(z.looseObject({ job_id: text() })) }),
  }),
})
export type Health = z.output<typeof Health>

const Pause = z.looseObject({ by: text(), at: text(), until: text(), reason: maybe(text()) })

const Schedule = z.looseObject({
  name: text(),
  cron: maybe(text()),
  rate: maybe(text()),
  timezone: maybe(text()),
  models: maybe(z.array(text())),
  keep_days: maybe(z.number()),
  next_at: maybe(text()),
  last: maybe(
    z.looseObject({
      job_id: text(),
      status: text(),
      due_at: maybe(text()),
      ended_at: maybe(text()),
      damaged: maybe(z.boolean()),
    }),
  ),
  last_good_at: maybe(text()),
  searched_until: maybe(text()),
  undecided: maybe(z.looseObject({ job_id: text() })),
  /** Absent if it is unknown, because not all archives were examined. */
  overdue: maybe(z.boolean()),
  paused: maybe(Pause),
})
export type Schedule = z.output<typeof Schedule>

export const ScheduleList = z.object({ schedules: z.array(Schedule) })

/** A value as JSON text, or the description of a value that is not shown. */
const FieldValue = z.looseObject({
  json: maybe(text()),
  type: maybe(text()),
  size: maybe(z.number()),
  sha256: maybe(text()),
})
export type FieldValue = z.output<typeof FieldValue>

const FieldDifference = z.looseObject({
  path: text(),
  op: text(),
  archived: maybe(FieldValue),
  stored: maybe(FieldValue),
})
export type FieldDifference = z.output<typeof FieldDifference>

const RevisionDifference = z.looseObject({
  revision_id: text(),
  op: text(),
  fields: maybe(z.array(FieldDifference)),
  fields_total: maybe(z.number()),
})

const Difference = z.looseObject({
  model: text(),
  resource_id: maybe(text()),
  group: text(),
  /** What the resource is by now, if that was compared. */
  now: maybe(text()),
  fields: maybe(z.array(FieldDifference)),
  fields_total: maybe(z.number()),
  revisions: maybe(z.array(RevisionDifference)),
  revisions_total: maybe(z.number()),
})
export type Difference = z.output<typeof Difference>

export const DifferenceList = z.object({ differences: z.array(Difference), cursor: maybe(text()) })

/** The answer to a request that changes something, if the page does not show the answer. */
export const Anything = z.unknown()
