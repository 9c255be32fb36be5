import type { StageName } from './stage-names.ts'

/** There is no job with an id, or the job has another kind than the request or the stage needs. */
export class UnknownJobError extends Error {
  override readonly name = 'UnknownJobError'
  readonly job_id: string

  /** `kind` is the kind of job that was searched for, such as `export`. */
  constructor(jobId: string, kind = 'job') {
    super(`no ${kind} with id ${jobId} exists; jobs are kept for 90 days`)
    this.job_id = jobId
  }
}

/**
 * A table or bucket that the setting `existing` names does not have the settings that the deployment needs. Each
 * finding contains the member of `existing`, the name of the table or bucket, and what its owner must change.
 */
export class ExistingStoresError extends Error {
  override readonly name = 'ExistingStoresError'
  readonly findings: readonly string[]

  constructor(findings: readonly string[]) {
    super(findings.join('; '))
    this.findings = findings
  }
}

/** An earlier request had the same `Idempotency-Key`, but other parameters or another body. */
export class IdempotencyMismatchError extends Error {
  override readonly name = 'IdempotencyMismatchError'
  readonly job_id: string

  constructor(jobId: string) {
    super(
      `job ${jobId} was created with this Idempotency-Key, but with other parameters or another body; use a new key`,
    )
    this.job_id = jobId
  }
}

/**
 * The kinds of jobs whose number is limited. An upload slot counts until the restore of its archive has ended. An
 * upload counts as a queued upload until its restore starts. An upload that waits for another restore does not count as
 * a running job. Checks do not count as running jobs either, so that they never prevent an export or a restore.
 */
export type LimitedKind = 'running jobs' | 'checks' | 'slots' | 'queued uploads'

/** A limit on the number of jobs is reached. Jobs that are being created are included. */
export class TooManyJobsError extends Error {
  override readonly name = 'TooManyJobsError'
  readonly kind: LimitedKind
  /** The number of jobs that count against the limit, without the jobs that are being created. */
  readonly existing: number
  readonly running?: number
  readonly checks?: number
  readonly slots?: number
  readonly queued_uploads?: number

  constructor(kind: LimitedKind, existing: number, creating: number, limit: number) {
    super(LIMIT_MESSAGES[kind](existing, creating, limit))
    this.kind = kind
    this.existing = existing
    if (kind === 'running jobs') this.running = existing
    else if (kind === 'checks') this.checks = existing
    else if (kind === 'slots') this.slots = existing
    else this.queued_uploads = existing
  }
}

/** If a request creates a job but fails to start its workflow, the job stays queued for 90 days. */
const NOT_STARTED = 'If a job stays queued for hours, its workflow was not started: cancel it'

const LIMIT_MESSAGES: Readonly<Record<LimitedKind, (existing: number, creating: number, limit: number) => string>> = {
  'running jobs': (existing, creating, limit) =>
    `${existing} jobs are queued or running and ${creating} more are starting; ` +
    `at most ${limit} are allowed at the same time. Retry after some of these jobs have ended. ${NOT_STARTED}`,
  checks: (existing, creating, limit) =>
    `${existing} checks are queued or running and ${creating} more are starting; ` +
    `at most ${limit} are allowed at the same time. Retry after some of these checks have ended. ${NOT_STARTED}`,
  slots: (existing, creating, limit) =>
    `${existing} upload slots are in use and ${creating} more are being opened; ` +
    `at most ${limit} may be in use at the same time. ` +
    'Retry after some of their restores have ended, or cancel slots that you do not need',
  'queued uploads': (existing, creating, limit) =>
    `${existing} uploads wait for other restores and ${creating} more jobs are starting; ` +
    `at most ${limit} uploads may wait at the same time. ` +
    'Upload the archive again after some of these restores have ended, or cancel jobs that you do not need',
}

/** A request is not possible for this job, for example because the job has ended or has no archive. */
export class JobStateError extends Error {
  override readonly name = 'JobStateError'
  readonly job_status: string

  /** `reason` follows `job <id>` in the message, for example `has expired`. */
  constructor(jobId: string, status: string, reason: string) {
    super(`job ${jobId} ${reason}`)
    this.job_status = status
  }
}

/** The job of a stage has ended, for example because a caller cancelled the job. The stage stops. */
export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError'

  constructor(jobId: string, status: string) {
    super(`job ${jobId} has already ended with status ${status}, so its remaining stages do not run`)
  }
}

/** A stage received or returned a message that does not match its schema. */
export class StageMessageError extends Error {
  override readonly name = 'StageMessageError'

  /** `faults` lists each invalid member of the message and its allowed values. */
  constructor(stage: StageName, side: 'input' | 'output', faults: string) {
    super(`the ${side} of stage ${stage} is not valid: ${faults}`)
  }
}

/**
 * The data of a model was written with a number of shards that differs from the registered number. No job of the model
 * can run, because the keys of its items contain the shard.
 */
export class ShardsChangedError extends Error {
  override readonly name = 'ShardsChangedError'
  readonly model: string
  readonly stored_shards: number
  readonly registered_shards: number

  constructor(model: string, stored: number, registered: number) {
    super(
      `the data of model ${model} was written with ${stored} shards, but models.json registers ${registered}. ` +
        `Set shards of ${model} back to ${stored}. To change the number, export the model with ${stored} shards, ` +
        `delete its data, set shards to ${registered}, and restore the archive`,
    )
    this.model = model
    this.stored_shards = stored
    this.registered_shards = registered
  }
}
