import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import type { IdempotencyRecord } from '../identity.ts'
import { hasEnded, JOB_STATUSES, type Job, type JobStatus, type RestoreJob } from '../job.ts'
import type { Problem } from '../../problems/problem.ts'
import type { ResultName, Stage } from '../stage.ts'
import type { StageName } from '../stage-names.ts'
import { expiresAttribute, jobAttributes, jobKey, jobOf } from './job-item.ts'
import { IdempotencyKeys } from './idempotency-keys.ts'
import { JobList, type JobPage, type ListOptions, type RecentFailures, type RecentJobs } from './job-list.ts'
import { JobTable } from './job-table.ts'
import { Reservations } from './reservations.ts'
import { ThrottledItems } from './throttled-items.ts'
import { failureKey, itemKey, problemIn, resultIn, resultKey } from './result-item.ts'

/** The members of a job that may change. */
export type JobPatch = Partial<
  Pick<Job, 'status' | 'phase' | 'started_at' | 'ended_at' | 'error' | 'slot_expires_at'>
> & {
  readonly request?: Job['request']
  readonly result?: Job['result']
  readonly leased?: RestoreJob['leased']
  readonly rolled_back?: RestoreJob['rolled_back']
}

/** The result of one pass of map item `n` of a stage. */
export interface StageResult<Result> {
  readonly n: number
  readonly pass: number
  readonly result: Result
}

const PK = { '#pk': 'pk' }

/** Stores jobs, and the results and failures of their stages. */
export class JobStore {
  readonly #items: JobTable
  readonly #list: JobList
  /** The reservations of jobs that are about to be created. */
  readonly reservations: Reservations
  /** The throttled calls of the workers of jobs. */
  readonly throttled: ThrottledItems
  /** The jobs that have idempotency keys. */
  readonly idempotencyKeys: IdempotencyKeys

  constructor(client: DynamoDBClient, table: string, clock?: () => Date) {
    this.#items = new JobTable(client, table, clock)
    this.#list = new JobList(this.#items)
    this.reservations = new Reservations(this.#items)
    this.throttled = new ThrottledItems(this.#items)
    this.idempotencyKeys = new IdempotencyKeys(this.#items)
  }

  /**
   * Creates a job. If the job already exists, returns the existing job with `created: false`. If `once` is given, the
   * first request with its key creates the job, and every later request returns that job. The key is written first,
   * then the list entry, then the job. If a request fails in between, a repeated request therefore completes its work.
   * Throws `IdempotencyMismatchError` if the key belongs to another request.
   */
  async create(job: Job, once?: IdempotencyRecord): Promise<{ job: Job; created: boolean }> {
    const job_id = once === undefined ? job.job_id : await this.idempotencyKeys.claim(job.job_id, once)
    const existing = await this.get(job_id)
    if (existing !== undefined) return { job: existing, created: false }
    const newJob: Job = { ...job, job_id }
    await this.#list.add(newJob)
    const created = await this.#items.putAbsent({
      ...jobKey(job_id),
      planned: { M: {} },
      ...jobAttributes(newJob),
      ...expiresAttribute(this.#items.now()),
    })
    return created ? { job: newJob, created } : { job: (await this.get(job_id)) ?? newJob, created }
  }

  /** Returns the time of the first call with this key. The first call stores the time. */
  async firstSeen(key: string): Promise<Date> {
    const seen = { ...keyAttributes({ pk: key, sk: 'seen' }), at: { S: this.#items.now().toISOString() } }
    await this.#items.putAbsent(seen)
    return (await this.seenAt(key)) ?? new Date(seen.at.S)
  }

  /** Returns the time that `firstSeen` has stored for this key, or `undefined` if it was not called yet. */
  async seenAt(key: string): Promise<Date | undefined> {
    const at = (await this.#items.get(keyAttributes({ pk: key, sk: 'seen' })))?.['at']?.S
    return at === undefined ? undefined : new Date(at)
  }

  async get(jobId: string): Promise<Job | undefined> {
    const item = await this.#items.get(jobKey(jobId))
    return item === undefined ? undefined : jobOf(item)
  }

  /**
   * Returns the status of a job, or `undefined` if there is no such job. The read is eventually consistent, which is
   * cheaper, because workers call this method every few seconds.
   */
  async getStatus(jobId: string): Promise<JobStatus | undefined> {
    const item = await this.#items.getAttribute(jobKey(jobId), 'status')
    return JOB_STATUSES.find((status) => status === item?.['status']?.S)
  }

  /** Returns a page of jobs, newest first. Throws `InvalidRequestError` if the cursor is invalid. */
  list(options: ListOptions): Promise<JobPage> {
    return this.#list.page(options)
  }

  /** Returns the jobs that are queued or running, oldest first. */
  runningJobs(): Promise<Job[]> {
    return this.#list.active(['queued', 'running'])
  }

  /**
   * Returns the jobs that have not ended, and the jobs that have failed since a time, however long they ran. Only
   * reads.
   */
  recent(failures: RecentFailures): Promise<RecentJobs> {
    return this.#list.recent(failures)
  }

  /**
   * Returns the jobs whose upload slot is open, and the jobs that are restoring the archive of a slot, oldest first.
   */
  async slots(): Promise<Job[]> {
    const now = this.#items.now()
    const active = await this.#list.active(['awaiting_upload', 'queued', 'running'])
    return active.filter((job) => job.slot_expires_at !== undefined && !hasEnded(job, now))
  }

  /**
   * Changes a job if its status is one of `from`, and returns the changed job. If the job has another status or does
   * not exist, returns `undefined`.
   */
  async change(
    jobId: string,
    patch: JobPatch,
    { from }: { readonly from: readonly JobStatus[] },
  ): Promise<Job | undefined> {
    const changes = Object.entries(jobAttributes(patch))
    const item = await this.#items.updateWhere({
      Key: jobKey(jobId),
      UpdateExpression: `SET ${changes.map((_, k) => `#c${k} = :c${k}`).join(', ')}`,
      ConditionExpression: `#status IN (${from.map((_, k) => `:s${k}`).join(', ')})`,
      ExpressionAttributeNames: {
        '#status': 'status',
        ...Object.fromEntries(changes.map(([name], k) => [`#c${k}`, name])),
      },
      ExpressionAttributeValues: {
        ...Object.fromEntries(changes.map(([, value], k) => [`:c${k}`, value])),
        ...Object.fromEntries(from.map((status, k) => [`:s${k}`, { S: status }])),
      },
      ReturnValues: 'ALL_NEW',
    })
    if (item === undefined) return undefined
    const job = jobOf(item)
    if (hasEnded(job)) await this.#list.ended(job)
    return job
  }

  /**
   * Stores the phase that is about to begin, its number of map items and, if they are known or estimated, the counts
   * that it will have at its end.
   */
  async plan(
    jobId: string,
    phase: StageName,
    count: number,
    expected: Readonly<Record<string, number>> = {},
  ): Promise<void> {
    await this.#items.update({
      Key: jobKey(jobId),
      UpdateExpression: 'SET #phase = :phase, expected = :expected, #planned.#name = :count',
      ConditionExpression: 'attribute_exists(#pk)',
      ExpressionAttributeNames: { ...PK, '#phase': 'phase', '#planned': 'planned', '#name': phase },
      ExpressionAttributeValues: {
        ':phase': { S: phase },
        ':count': { N: count.toString() },
        ':expected': { S: JSON.stringify(expected) },
      },
    })
  }

  /** Stores the time at which the event of the job's end was published. */
  async keepPublished(jobId: string, at: Date): Promise<void> {
    await this.#items.update({
      Key: jobKey(jobId),
      UpdateExpression: 'SET published_at = :at',
      ConditionExpression: 'attribute_exists(#pk)',
      ExpressionAttributeNames: PK,
      ExpressionAttributeValues: { ':at': { S: at.toISOString() } },
    })
  }

  /**
   * Stores the result of a pass, and returns it. If an earlier attempt has already stored a result, returns that
   * result.
   */
  async keepResult<Result>(
    jobId: string,
    stage: Stage<Result, ResultName>,
    n: number,
    pass: number,
    result: Result,
  ): Promise<Result> {
    const kept = await this.#items.putAbsent({
      ...resultKey(jobId, stage.name, n, pass),
      result: { S: JSON.stringify(result) },
      ...expiresAttribute(this.#items.now()),
    })
    return kept ? result : ((await this.getResult(jobId, stage, n, pass)) ?? result)
  }

  /** Returns the stored result of a pass, or `undefined` if no result is stored. */
  async getResult<Result>(
    jobId: string,
    stage: Stage<Result, ResultName>,
    n: number,
    pass: number,
  ): Promise<Result | undefined> {
    const item = await this.#items.get(resultKey(jobId, stage.name, n, pass))
    return item === undefined ? undefined : stage.result.parse(resultIn(item))
  }

  /**
   * Returns the results of a stage. If `n` is given, returns only the results of map item `n`. The results are sorted
   * by map item and pass. Passes from number 1,000 are not sorted correctly.
   */
  async *results<Result>(
    jobId: string,
    stage: Stage<Result, ResultName>,
    n?: number,
  ): AsyncGenerator<StageResult<Result>> {
    const prefix = ['result', stage.name, ...(n === undefined ? [] : [itemKey(n)])].join('#')
    for await (const page of this.#items.queryPrefix(`job#${jobId}`, prefix)) {
      for (const item of page) {
        const [, , n = '', pass = ''] = sortKeyOf(item).split('#')
        yield { n: Number(n), pass: Number(pass), result: stage.result.parse(resultIn(item)) }
      }
    }
  }

  /** Stores the problem of a failed stage, because the workflow keeps only the name and the message of the error. */
  async keepFailure(jobId: string, errorName: string, problem: Problem): Promise<void> {
    await this.#items.put({
      ...failureKey(jobId, errorName),
      problem: { S: JSON.stringify(problem) },
      kept_at: { S: this.#items.now().toISOString() },
      ...expiresAttribute(this.#items.now()),
    })
  }

  /** Returns the last stored problem with this error name, or `undefined` if no such problem is stored. */
  async failure(jobId: string, errorName: string): Promise<Problem | undefined> {
    const item = await this.#items.get(failureKey(jobId, errorName))
    return item === undefined ? undefined : problemIn(item)
  }

  /** Returns the last stored problem, or `undefined` if no problem is stored. */
  async lastFailure(jobId: string): Promise<Problem | undefined> {
    const items: Item[] = []
    for await (const page of this.#items.queryPrefix(`job#${jobId}`, 'failure')) items.push(...page)
    const last = items.sort((a, b) => ((a['kept_at']?.S ?? '') < (b['kept_at']?.S ?? '') ? -1 : 1)).at(-1)
    return last === undefined ? undefined : problemIn(last)
  }
}
