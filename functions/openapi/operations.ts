import * as z from 'zod'
import { CheckReport } from '../../shared/restore/report/make-check-report.ts'
import { Report } from '../../shared/restore/report/make-report.ts'
import { DecidedArchive } from '../../shared/schedules/decide-archive.ts'
import { ExplainedPage } from '../../shared/schedules/explain-prune.ts'
import { ArchiveListParameters, LatestArchiveParameters } from '../http/archive-parameters.ts'
import { ArchiveListView, ArchiveView } from '../http/archive-view.ts'
import { CheckParameters } from '../http/check-answer.ts'
import { CheckAnswer } from '../http/check-view.ts'
import { DifferencesAnswer } from '../http/differences-answer.ts'
import { DifferenceListParameters } from '../http/differences-parameters.ts'
import { BackupExportParameters, ModelExportParameters } from '../http/export-parameters.ts'
import { ExportView } from '../http/export-view.ts'
import { HealthView } from '../http/health-view.ts'
import { UploadSlotView } from '../http/import-answer.ts'
import { ImportFromParameters, ImportParameters } from '../http/import-parameters.ts'
import { NoReportView } from '../http/job-answers.ts'
import { JobListParameters, JobListView } from '../http/job-list.ts'
import { JobView } from '../http/job-view.ts'
import { PruneParameters } from '../http/prune-parameters.ts'
import { DryRunView, ModelRestoreView, RestoreView } from '../http/restore-view.ts'
import { DecisionParameters } from '../http/route-input.ts'
import { PauseParameters, RunParameters } from '../http/schedule-parameters.ts'
import { PausedScheduleView, ResumedScheduleView, ScheduleListView } from '../http/schedule-view.ts'
import { SpecStarImportView } from '../http/specstar-answer.ts'
import type { Content, Operation, OperationAnswer } from './operation.ts'

const json = (schema: z.ZodType): Content => ({ 'application/json': schema })

const IdempotencyKey = z.object({
  'Idempotency-Key': z
    .exactOptional(
      z
        .string()
        .min(1)
        .max(255)
        .regex(/^[\x20-\x7e]+$/),
    )
    .describe('A repeated request with the same key returns the job of the first request'),
})
const ImportHeaders = IdempotencyKey.extend({
  'X-SpecStar-Response': z.exactOptional(z.literal('1')).describe('Requests responses in the form of SpecStar'),
})

const MODEL = { model: 'The name of a registered model' }
const JOB = { job_id: 'The id of a job' }
const SCHEDULE = { name: 'The name of a schedule' }

/** The response while a job is running. */
const RUNNING: OperationAnswer = {
  description: 'The job has not ended. Request its path again after the seconds in `retry-after`',
  content: json(JobView),
  headers: { location: 'The path of the job', 'retry-after': 'A number of seconds' },
}
const REDIRECT: OperationAnswer = {
  description: 'A redirect to the archive',
  headers: { location: 'A signed URL, or the path of the archive while the export is running' },
}

const STARTS_JOB = ['idempotency-mismatch', 'too-many-jobs', 'unsupported-media-type', 'conflict']
/** The reasons for which an archive cannot be read. */
const ARCHIVE = [
  'not-an-archive',
  'unsupported-version',
  'archive-truncated',
  'entry-corrupt',
  'archive-invalid',
  'unknown-models',
  'source-not-allowed',
  'source-changed',
  'unknown-job',
]
const EXPORT_PROBLEMS = [
  ...STARTS_JOB,
  'filters-exclusive',
  'unknown-model',
  'blobs-missing',
  'blob-too-large',
  'torn-resources',
  'unrestorable-resources',
  'specstar-refuses',
]
const IMPORT_PROBLEMS = [
  ...STARTS_JOB,
  ...ARCHIVE,
  'filters-exclusive',
  'unknown-model',
  'section-missing',
  'duplicates',
  'restore-running',
  'shards-changed',
  'blobs-missing',
  'blob-too-large',
  'blob-headers-rejected',
  'torn-resources',
  'unrestorable-resources',
  'verification-failed',
]

const EXPORT = {
  tag: 'Exports',
  answers: {
    200: { description: 'The export has ended', content: json(ExportView) },
    202: RUNNING,
    303: REDIRECT,
  },
  problems: EXPORT_PROBLEMS,
}
const exportOperations = (path: string, summary: string, query: z.ZodObject, pathParameters?: Operation['path']) => {
  const common = { ...EXPORT, summary, query, ...(pathParameters === undefined ? {} : { path: pathParameters }) }
  return {
    [`GET ${path}`]: common,
    [`POST ${path}`]: {
      ...common,
      description: 'Each parameter is either in the query or in the body.',
      headers: IdempotencyKey,
      body: json(query),
    },
  } satisfies Record<string, Operation>
}

const Form = z.strictObject({ file: z.string().meta({ format: 'binary' }) })
const importOperation = (summary: string, result: z.ZodType): Omit<Operation, 'path'> => ({
  tag: 'Imports',
  summary,
  description:
    'The archive is in the body, or a JSON body contains its location. A request without a body opens an upload slot. ' +
    'Parameters are in the query. With a JSON body, they may also be in the body.',
  query: ImportParameters,
  headers: ImportHeaders,
  body: {
    'application/json': ImportFromParameters,
    'application/octet-stream': 'file',
    'multipart/form-data': Form,
  },
  answers: {
    200: {
      description: 'The restore has ended. The form depends on `dry_run` and on `X-SpecStar-Response`',
      content: json(z.union([result, DryRunView, SpecStarImportView])),
      headers: {
        'x-job-id': 'The id of the job, in responses in the form of SpecStar',
        'x-job-status': 'The status of the job, in responses in the form of SpecStar: `succeeded` or `partial`',
      },
    },
    202: {
      ...RUNNING,
      description: `${RUNNING.description}. Or, after a request without a body: the open upload slot`,
      content: json(z.union([JobView, UploadSlotView])),
    },
  },
  problems: IMPORT_PROBLEMS,
  specStarProblems: true,
})

/** What the OpenAPI document says about each method of each route, by its route key. A test requires a row for each. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...exportOperations('/{model}/export', 'Export one model', ModelExportParameters, MODEL),
  ...exportOperations('/_backup/export', 'Export all or some models', BackupExportParameters),
  'POST /{model}/import': {
    ...importOperation('Restore one model of an archive', z.union([ModelRestoreView, RestoreView])),
    path: MODEL,
  },
  'POST /_backup/import': importOperation('Restore all models of an archive', RestoreView),
  'POST /_backup/check': {
    tag: 'Checks',
    summary: 'Check every byte and every record of an archive, without a restore',
    query: CheckParameters.omit({ from: true }),
    headers: IdempotencyKey,
    body: json(CheckParameters),
    bodyRequired: true,
    answers: { 200: { description: 'The check has ended', content: json(CheckAnswer) }, 202: RUNNING },
    problems: [...STARTS_JOB, ...ARCHIVE, 'blobs-missing', 'blob-too-large'],
  },
  'GET /_backup/jobs': {
    tag: 'Jobs',
    summary: 'List jobs, newest first',
    query: JobListParameters,
    answers: { 200: { description: 'A page of jobs', content: json(JobListView) } },
  },
  'GET /_backup/jobs/{job_id}': {
    tag: 'Jobs',
    summary: 'Show a job',
    path: JOB,
    answers: { 200: { description: 'The job', content: json(JobView) } },
    problems: ['unknown-job'],
  },
  'GET /_backup/jobs/{job_id}/report': {
    tag: 'Jobs',
    summary: 'Show the report of a restore or a check',
    path: JOB,
    answers: {
      200: {
        description: 'The report. If there is none: the result of the job, or its error',
        content: json(
          z.union([Report, CheckReport, DryRunView, RestoreView, ModelRestoreView, CheckAnswer, NoReportView]),
        ),
      },
      202: RUNNING,
      303: { description: 'A redirect to a large report', headers: { location: 'A signed URL' } },
    },
    problems: ['unknown-job', 'conflict'],
  },
  'GET /_backup/jobs/{job_id}/differences': {
    tag: 'Jobs',
    summary: 'List the resources that differ between an archive and the store',
    path: JOB,
    query: DifferenceListParameters,
    answers: { 200: { description: 'A page of resources', content: json(DifferencesAnswer) }, 202: RUNNING },
    problems: ['unknown-job', 'conflict', 'differences-expired', ...ARCHIVE],
  },
  'GET /_backup/jobs/{job_id}/archive': {
    tag: 'Jobs',
    summary: 'Download the archive of an export',
    path: JOB,
    answers: { 303: REDIRECT },
    problems: ['unknown-job', ...EXPORT_PROBLEMS],
  },
  'HEAD /_backup/jobs/{job_id}/archive': {
    tag: 'Jobs',
    summary: 'Show the size of the archive of an export',
    path: JOB,
    answers: {
      200: {
        description: 'The archive exists',
        headers: { 'content-length': 'The size of the archive in bytes', etag: 'The ETag of the archive' },
      },
      303: REDIRECT,
    },
    problems: ['unknown-job', 'source-changed', ...EXPORT_PROBLEMS],
  },
  'POST /_backup/jobs/{job_id}/cancel': {
    tag: 'Jobs',
    summary: 'Cancel a job',
    path: JOB,
    answers: { 200: { description: 'The cancelled job', content: json(JobView) } },
    problems: ['unknown-job', 'conflict', 'unsupported-media-type'],
  },
  'GET /_backup/archives': {
    tag: 'Archives',
    summary: 'List archives, newest first',
    query: ArchiveListParameters,
    answers: { 200: { description: 'A page of archives', content: json(ArchiveListView) } },
  },
  'GET /_backup/archives/latest': {
    tag: 'Archives',
    summary: 'Show the newest archive',
    query: LatestArchiveParameters,
    answers: { 200: { description: 'The archive', content: json(ArchiveView) } },
    problems: ['no-archive', 'search-timeout'],
  },
  'GET /_backup/health': {
    tag: 'Jobs',
    summary: 'Show failed jobs, late schedules and throttled calls',
    answers: { 200: { description: 'The health of the deployment', content: json(HealthView) } },
  },
  'GET /_backup/prune': {
    tag: 'Retention',
    summary: 'Explain what the next daily deletion deletes and keeps',
    query: PruneParameters,
    answers: { 200: { description: 'A page of objects', content: json(ExplainedPage) } },
  },
  'GET /_backup/schedules': {
    tag: 'Schedules',
    summary: 'List the schedules with their status',
    answers: { 200: { description: 'All schedules', content: json(ScheduleListView) } },
  },
  'POST /_backup/schedules/{name}/run': {
    tag: 'Schedules',
    summary: 'Start an export of a schedule now',
    path: SCHEDULE,
    query: RunParameters,
    headers: IdempotencyKey,
    body: json(RunParameters),
    answers: { 200: { description: 'The export has ended', content: json(ExportView) }, 202: RUNNING },
    problems: ['unknown-schedule', ...EXPORT_PROBLEMS],
  },
  'POST /_backup/schedules/{name}/pause': {
    tag: 'Schedules',
    summary: 'Pause a schedule for at most 30 days',
    path: SCHEDULE,
    query: PauseParameters,
    body: json(PauseParameters),
    answers: { 200: { description: 'The pause', content: json(PausedScheduleView) } },
    problems: ['unknown-schedule', 'unsupported-media-type'],
  },
  'POST /_backup/schedules/{name}/resume': {
    tag: 'Schedules',
    summary: 'End the pause of a schedule',
    path: SCHEDULE,
    answers: { 200: { description: 'The schedule with its status', content: json(ResumedScheduleView) } },
    problems: ['unknown-schedule', 'unsupported-media-type'],
  },
  'POST /_backup/schedules/{name}/confirm': {
    tag: 'Schedules',
    summary: 'Confirm or reject a suspicious archive',
    path: SCHEDULE,
    query: DecisionParameters.partial(),
    body: json(DecisionParameters),
    answers: { 200: { description: 'The archive with the decision', content: json(DecidedArchive) } },
    problems: ['unknown-schedule', 'unknown-job', 'conflict', 'confirmation-mismatch', 'unsupported-media-type'],
  },
  'GET /_backup': {
    tag: 'Page',
    summary: 'The page for browsers',
    answers: { 200: { description: 'A document that loads the files of the page', content: { 'text/html': 'text' } } },
  },
  'GET /_backup/ui/{file}': {
    tag: 'Page',
    summary: 'A file of the page',
    path: { file: 'The name of a file to which the page refers' },
    answers: {
      200: {
        description: 'The file',
        content: { 'text/javascript': 'text', 'text/css': 'text', 'image/svg+xml': 'text' },
      },
    },
  },
  'GET /_backup/openapi.json': {
    tag: 'Page',
    summary: 'This document',
    answers: { 200: { description: 'A document in the format OpenAPI 3.1', content: json(z.looseObject({})) } },
  },
}
