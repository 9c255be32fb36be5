import { EXPORT_STAGE_NAMES, RESTORE_STAGE_NAMES } from '../../../shared/jobs/stage-names.ts'
import type { Allowed } from './policy.ts'

const STAGES = new RegExp(`^(${[...EXPORT_STAGE_NAMES, ...RESTORE_STAGE_NAMES].join('|')})$`)

/** Permissions that the deployed test does not use, and why the functions need them. The first match counts. */
const REASONS: readonly (readonly [functions: RegExp, permission: RegExp, reason: string])[] = [
  [/./, /^xray:/, 'Lambda itself sends the traces'],
  [/./, /^logs:/, 'Lambda writes the log'],
  [/./, /^sqs:SendMessage /, 'Lambda sends the events that the function fails on'],
  [/./, /^s3:GetObjectVersion .*(blobs|payloads)/, 'a large object is found first and then read by its version'],
  [/^(import-|check-archive$)/, /^s3:GetObject /, 'a request may name any archive or upload of the deployment'],
  [/./, /^s3:GetObject .*archives/, 'an archive that was pinned before its bucket was versioned has no version id'],
  [/./, /^s3:GetObject .*restores/, 'an upload that was pinned before its bucket was versioned has no version id'],
  [/^get-archive$/, /^s3:GetObjectVersion .*scheduled/, 'the archive may be that of a schedule'],
  [/^inspect$/, /^dynamodb:DeleteItem .*jobs/, 'removes entries of ended jobs from the list of active jobs'],
  [/^(import-|check-archive$)/, /^s3:GetObjectVersion /, 'a request may name the version of an archive'],
  [/^(apply-blobs|rollback|get-differences)$/, /^s3:GetObjectVersion .*restores/, 'the archive may be an upload'],
  [/^copy-archives$/, /^(s3|dynamodb):/, 'the deployment of this test does not copy archives'],
  [/(prune|archives?)$/, /^s3:GetObjectRetention /, 'without it, S3 omits the end of the lock from its answer'],
  [/./, /^s3:ListBucket /, 'without it, S3 answers 403 instead of 404 for a missing key'],
  [/./, /^s3:AbortMultipartUpload /, 'a pass that fails aborts its upload'],
  [STAGES, /^dynamodb:PutItem .*jobs/, 'a stage stores its error (`storeFailure` in `functions/handlers/stage.ts`)'],
  [
    /^(export-|import-|check-archive$|upload$|run-schedule$)/,
    /^dynamodb:BatchGetItem .*jobs/,
    'reads the running jobs if there are any',
  ],
  [/^get-(job|report|differences)$/, /^dynamodb:Query .*jobs/, 'reads the progress of a running job'],
  [/^get-report$/, /^sts:AssumeRole /, 'signs a URL if the report is larger than 3 MiB'],
  [/^fail-/, /^dynamodb:Query .*jobs/, 'finds the last stored error if a distributed map failed'],
  [/^end-stopped$/, /^dynamodb:Query .*jobs/, 'finds out whether the rollback of a stopped restore has ended'],
  [
    /^(export-records|preflight|verify)$/,
    /^dynamodb:GetItem .*resources/,
    'reads a resource again if it changed while it was read',
  ],
  [/^account-items$/, /^dynamodb:BatchGetItem /, 'reads a revision without metadata again, after a minute'],
  [/^get-archive$/, /^s3:GetObjectVersion .*scheduled/, 'the archive may be that of a schedule'],
  [/^rollback$/, /^dynamodb:GetItem .*resources/, 'reads an item that another writer has replaced'],
  [/^plan-rollback$/, /^dynamodb:GetItem .*jobs/, 'reads the error of a Distributed Map, which does not report it'],
  [/^(preflight|apply|verify|rollback)/, /^dynamodb:UpdateItem .*jobs/, 'renews a lease after minutes'],
  [/^(export-|compose-parts)/, /^dynamodb:UpdateItem .*jobs/, 'stores which calls of a pass were throttled'],
  [/^cancel-job$/, /^s3:PutObject .*report.json/, 'writes a report next to the upload whose restore is cancelled'],
  [/^apply/, /^s3:PutObject .*work/, 'lists conflicts with other writers'],
  [
    /^apply-records$/,
    /^s3:(Get|Put)Object .*payloads/,
    'writes a payload that is part of a record but too large for an item',
  ],
  [/^apply-blobs$/, /^s3:GetObject .*(blobs|payloads)/, 'compares a blob that another writer has created'],
  [/^fail-restore$/, /^s3:GetObject .*work/, 'reads the uploads of large blobs that passes have not completed'],
  [/^compose-parts$/, /^s3:PutObject .*work/, 'joins segments first if there are more than 9,900 parts'],
]

/** Why a function has a permission that it does not use; undefined if there is no reason. */
export const reasonFor = (name: string, { action, pattern }: Allowed): string | undefined =>
  REASONS.find(([functions, permission]) => functions.test(name) && permission.test(`${action} ${pattern}`))?.[2]

/** Reasons that justify no permission of these functions: they are obsolete. */
export const obsoleteReasons = (unused: readonly (readonly [name: string, permission: Allowed])[]): string[] => {
  const used = new Set(unused.map(([name, permission]) => reasonFor(name, permission)))
  return REASONS.flatMap(([, , reason]) => (used.has(reason) ? [] : [reason]))
}
