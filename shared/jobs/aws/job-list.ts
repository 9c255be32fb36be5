import { DeleteItemCommand, type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb'
import { z } from 'zod'
import { InvalidRequestError } from '../../requests/errors.ts'
import { batchGet, queryPages } from '../../tables/aws/query.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { hasEnded, type Job, type JobStatus } from '../job.ts'
import { expiresAttribute, jobOf } from './job-item.ts'

export interface ListOptions {
  readonly kind?: Job['kind']
  readonly status?: JobStatus
  /** 1 or more. */
  readonly limit: number
  readonly cursor?: string
}

export interface JobPage {
  readonly jobs: readonly Job[]
  /** Absent on the last page. */
  readonly cursor?: string
}

/** Months looked back: 90 days touch four, and the clocks of whoever wrote may be a little ahead. */
const MONTHS = 5
/** List items read at once: a filter may pass over most of them. */
const PAGE = 100
/** A job holds up to 400 KB, its request's filters most of it; an answer of Lambda 6 MB. */
const PAGE_BYTES = 4 * 1024 * 1024
/** All jobs that have not been seen to end: few, whatever the number of jobs. */
const ACTIVE = 'jobs#active'

/** Jobs that one look takes off the list, at most. */
const TAKEN_OFF = 25
/** The clocks of those who fill a slot and of those who look at it may differ. */
const SLACK_MS = 3_600_000

/** `after` is a key of the list: a time and a job's id. */
const Cursor = z.strictObject({
  month: z.string().regex(/^\d{6}$/),
  after: z.string().regex(/^[\x21-\x7e]{1,200}$/),
})
type Cursor = z.output<typeof Cursor>

/** The lists of jobs: by month, newest first, and of those that have not ended. Single items, no index. */
export class JobList {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  /** Lists a job. It may not be there yet: who reads the list passes over it then. */
  async add(job: Job): Promise<void> {
    const { job_id, created_at } = job
    const item = { job_id: { S: job_id }, ...expiresAttribute(this.#clock()) }
    await this.#put({ ...keyAttributes({ pk: `jobs#${monthOf(created_at)}`, sk: listKey(job) }), ...item })
    await this.#put({ ...keyAttributes({ pk: ACTIVE, sk: job_id }), ...item, created_at: { S: created_at } })
  }

  async ended(jobId: string): Promise<void> {
    await this.#client.send(
      new DeleteItemCommand({ TableName: this.#table, Key: keyAttributes({ pk: ACTIVE, sk: jobId }) }),
    )
  }

  /** Jobs of these statuses, oldest first. Who has ended and stands here still, by a death or as a slot that nobody used, is taken off. */
  async active(statuses: readonly JobStatus[]): Promise<Job[]> {
    const ids: string[] = []
    for await (const page of queryPages(this.#client, this.#table, [ACTIVE], { fromSk: '\u0000', toSk: '\u{10ffff}' }))
      for (const item of page) ids.push(item['sk']?.S ?? '')
    const jobs = await this.#jobs(ids)
    await this.#takeOff(jobs)
    return jobs.filter(({ status }) => statuses.includes(status)).sort((a, b) => (a.created_at < b.created_at ? -1 : 1))
  }

  /** Some of those who have ended, so that no look costs much more than a look; what fails here the next one does. */
  async #takeOff(jobs: readonly Job[]): Promise<void> {
    const now = new Date(this.#clock().getTime() - SLACK_MS)
    const ended = jobs.filter((job) => hasEnded(job, now)).slice(0, TAKEN_OFF)
    await Promise.allSettled(ended.map(({ job_id }) => this.ended(job_id)))
  }

  /** A page of jobs, newest first: fewer than `limit` where they are large. Throws `InvalidRequestError` for a cursor that no page gave. */
  async page({ kind, status, limit, cursor }: ListOptions): Promise<JobPage> {
    const jobs: Job[] = []
    let bytes = 0
    let at = cursor === undefined ? undefined : parseCursor(cursor)
    for (const month of monthsBack(this.#clock())) {
      if (at !== undefined && month > at.month) continue
      for (;;) {
        const { items, more } = await this.#listed(month, at?.month === month ? at.after : undefined)
        const found = new Map((await this.#jobs(items.map(idOf))).map((job) => [job.job_id, job]))
        for (const [k, item] of items.entries()) {
          const job = found.get(idOf(item))
          at = { month, after: item['sk']?.S ?? '' }
          // Two who make one job at once, or a repeat after a crash, list it twice: at the job's own time it counts.
          if (job === undefined || at.after !== listKey(job)) continue
          if ((kind ?? job.kind) !== job.kind || (status ?? job.status) !== job.status) continue
          jobs.push(job)
          bytes += Buffer.byteLength(JSON.stringify(job))
          if (jobs.length < limit && bytes < PAGE_BYTES) continue
          const last = k === items.length - 1 && !more && !(await this.#isOlder(month))
          return last ? { jobs } : { jobs, cursor: encodeCursor(at) }
        }
        if (!more) break
      }
    }
    return { jobs }
  }

  /** Whether a month before this one lists anything. */
  async #isOlder(month: string): Promise<boolean> {
    for (const before of monthsBack(this.#clock())) {
      if (before < month && (await this.#listed(before, undefined, 1)).items.length > 0) return true
    }
    return false
  }

  async #listed(month: string, after: string | undefined, limit = PAGE): Promise<{ items: Item[]; more: boolean }> {
    const partition = `jobs#${month}`
    const { Items = [], LastEvaluatedKey } = await this.#client.send(
      new QueryCommand({
        TableName: this.#table,
        ConsistentRead: true,
        ScanIndexForward: false,
        KeyConditionExpression: '#pk = :pk',
        ExpressionAttributeNames: { '#pk': 'pk' },
        ExpressionAttributeValues: { ':pk': { S: partition } },
        Limit: limit,
        ...(after === undefined ? {} : { ExclusiveStartKey: keyAttributes({ pk: partition, sk: after }) }),
      }),
    )
    return { items: Items, more: LastEvaluatedKey !== undefined }
  }

  async #jobs(ids: readonly string[]): Promise<Job[]> {
    const items = await batchGet(
      this.#client,
      this.#table,
      [...new Set(ids)].map((id) => ({ pk: `job#${id}`, sk: 'job' })),
    )
    return items.map(jobOf)
  }

  async #put(item: Item): Promise<void> {
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item }))
  }
}

const idOf = (item: Item): string => item['job_id']?.S ?? ''

const listKey = ({ job_id, created_at }: Job): string => `${created_at}#${job_id}`

const monthOf = (time: string): string => time.slice(0, 7).replace('-', '')

/** `yyyymm`, next month first (for clocks that are ahead), then backwards. */
const monthsBack = (now: Date): string[] =>
  Array.from({ length: MONTHS + 1 }, (_, k) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 - k, 1)).toISOString()),
  )

const encodeCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString('base64url')

const parseCursor = (text: string): Cursor => {
  try {
    return Cursor.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
  } catch (error) {
    throw Object.assign(new InvalidRequestError([{ field: 'cursor', message: 'is not a cursor of this list' }]), {
      cause: error,
    })
  }
}
