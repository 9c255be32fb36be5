const JOB_ID = '0d9e3a4e-8f0e-4a53-9b65-5d1f5b7f6c11'
const BUCKET = 'specstar-archives'
const EXPORT_KEY = `exports/${JOB_ID}.acbak`
const CREATED = '2026-01-05T08:30:00.000Z'
const ENDED = '2026-01-05T08:30:07.000Z'
const EXPIRES = '2026-01-05T09:30:07.000Z'
const DIGEST = '5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

const exportCounts = { country: { resources: 250, revisions: 262, blobs: 250 } }
const location = { bucket: BUCKET, key: EXPORT_KEY }
const noBlobs = { count: 0, ids: [] }
const check = { passed: true, checked: 250, findings: [], findings_total: 0 }
const verification = { passed: true, proved: true, checks: { content: check } }
const exportResult = {
  job_id: JOB_ID,
  status: 'succeeded',
  url: `https://${BUCKET}.s3.amazonaws.com/${EXPORT_KEY}?X-Amz-Signature=…`,
  expires_at: EXPIRES,
  archive: { ...location, size: 524_288, manifest_sha256: DIGEST },
  models: exportCounts,
  complete: true,
  missing_blobs: noBlobs,
}
const restored = { job_id: JOB_ID, status: 'succeeded', verification }
const listedJob = {
  kind: 'export',
  job_id: JOB_ID,
  status: 'succeeded',
  phase: 'announce',
  source: 'api',
  requested_by: 'arn:aws:iam::111111111111:user/operator',
  created_at: CREATED,
  started_at: CREATED,
  ended_at: ENDED,
  links: { self: `/_backup/jobs/${JOB_ID}`, archive: `/_backup/jobs/${JOB_ID}/archive` },
  request: { models: ['country'], strict: true, format: 'acbak' },
}
const schedule = {
  name: 'nightly',
  cron: '0 3 * * ? *',
  strict: true,
  keep_days: 30,
  min_ratio: 0.5,
  next_at: '2026-01-06T03:00:00.000Z',
  overdue: false,
}
const report = {
  job_id: JOB_ID,
  passed: true,
  started_at: CREATED,
  ended_at: ENDED,
  archive: {
    ...location,
    size: 524_288,
    etag: '9b2cf535f27731c974343645a3985328',
    format: 'acbak',
    manifest_sha256: DIGEST,
    proven_manifest: true,
  },
  missing_blobs: [],
}

const archive = {
  job_id: JOB_ID,
  source: 'api',
  ...location,
  size: 524_288,
  format: 'acbak',
  created_at: ENDED,
  models: exportCounts,
  scope: { models: ['country'] },
  complete: true,
  suspicious: false,
}

/** Examples of JSON bodies of requests, by route key. A test checks that each is valid. */
export const BODY_EXAMPLES: Readonly<Record<string, unknown>> = {
  'POST /_backup/export': { models: ['country'], updated_time_start: CREATED, wait: 0 },
  'POST /_backup/import': { from: { job_id: JOB_ID }, on_duplicate: 'skip', dry_run: true },
  'POST /_backup/check': { from: location, wait: 0 },
}

/** Examples of components, by their ids. A test checks that each is valid, and that each response has one. */
export const EXAMPLES: Readonly<Record<string, unknown>> = {
  ExportResult: exportResult,
  Job: { ...listedJob, result: exportResult },
  ListedJob: { ...listedJob, duration_seconds: 7, models: exportCounts, archive: { ...location, size: 524_288 } },
  JobList: { jobs: [listedJob], cursor: 'WyJqb2JzIix7Im1v…' },
  RestoreResult: { ...restored, models: { country: { loaded: 250, skipped: 0, total: 250 } } },
  ModelRestoreResult: { ...restored, loaded: 250, skipped: 0, total: 250 },
  DryRunResult: {
    job_id: JOB_ID,
    status: 'succeeded',
    dry_run: true,
    models: { country: { new: 3, changed: 1, same: 246, target_only: 2 } },
    blobs: { new: 3, changed: 0, same: 247 },
    findings: [],
  },
  CheckResult: {
    job_id: JOB_ID,
    status: 'succeeded',
    verification: { passed: true, checks: verification.checks },
    models: exportCounts,
    bytes: 524_288,
    missing_blobs: noBlobs,
  },
  UploadSlot: {
    job_id: JOB_ID,
    status: 'awaiting_upload',
    slot_expires_at: '2026-01-06T08:30:00.000Z',
    upload: {
      method: 'PUT',
      url: `https://specstar-restores.s3.amazonaws.com/_slots/${JOB_ID}.acbak?X-Amz-Signature=…`,
      headers: { 'if-none-match': '*' },
      expires_at: EXPIRES,
      bucket: 'specstar-restores',
      key: `_slots/${JOB_ID}.acbak`,
    },
  },
  RestoreReport: {
    ...report,
    proved: true,
    strategy: 'overwrite',
    models: { country: { loaded: 250, skipped: 0, total: 250, changed_since: 0 } },
    checks: { counts: check, content: check, references: check, blobs: check, revisions: check, search: check },
    blob_conflicts: [],
  },
  CheckReport: {
    ...report,
    bytes: 524_288,
    models: exportCounts,
    checks: { counts: check, content: check, revisions: check, blobs: check, blob_references: check },
  },
  MissingReport: {
    job_id: JOB_ID,
    passed: false,
    error: {
      type: 'archive-truncated',
      title: 'The archive is truncated',
      status: 400,
      detail: 'the trailer is missing',
    },
  },
  PruneExplanation: {
    objects: [
      {
        retention: 'exports',
        ...location,
        at: CREATED,
        action: 'delete',
        reason: 'is older than 30 days',
      },
    ],
  },
  Schedule: schedule,
  ScheduleList: { schedules: [schedule] },
  PausedSchedule: {
    name: 'nightly',
    by: 'arn:aws:iam::111111111111:user/operator',
    at: CREATED,
    until: '2026-01-12T08:30:00.000Z',
    reason: 'migration',
  },
  DecidedArchive: {
    schedule: 'nightly',
    job_id: 's-nightly-20260105T030000Z',
    key: 'scheduled/nightly/2026/01/05/s-nightly-20260105T030000Z.acbak',
    resources: 120,
    decision: 'confirmed',
    by: 'arn:aws:iam::111111111111:user/operator',
    at: CREATED,
    earlier_archives_kept_until: '2026-02-04T08:30:00.000Z',
  },
  InvalidRequestProblem: {
    type: 'invalid-request',
    title: 'The request is not valid',
    status: 400,
    detail: 'wait: must be a whole number of seconds from 0 to 25',
    errors: [{ field: 'wait', message: 'must be a whole number of seconds from 0 to 25' }],
  },
  Archive: archive,
  ArchiveList: { archives: [archive] },
  Health: {
    status: 'ok',
    at: ENDED,
    checks: {
      jobs: {
        status: 'ok',
        queued: 0,
        running: 1,
        awaiting_upload: 0,
        since: '2026-01-04T08:30:07.000Z',
        failed: [],
        rejected: 0,
        all_examined: true,
      },
      schedules: { status: 'ok', total: 1, overdue: [], unknown: [], suspicious: [], paused: [] },
      throttling: { status: 'ok', jobs: [] },
    },
    not_checked: ['whether archives can be restored: only a restore or a dry run shows this'],
  },
  DifferencePage: {
    differences: [
      { group: 'new', model: 'country', resource_id: 'NO' },
      { group: 'changed', model: 'country', resource_id: 'SE' },
    ],
  },
  GatewayMessage: { message: 'Forbidden' },
}
