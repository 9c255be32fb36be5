import * as z from 'zod'
import { encodeCursor, parseCursor } from '../../requests/cursor.ts'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import { bytesInResponse, MAX_PAGE_BYTES } from '../../values/response-size.ts'
import { hasEnded, type Job, type JobStatus } from '../job.ts'
import { expiresAttribute, jobOf } from './job-item.ts'
import type { DescendingItems, JobTable } from './job-table.ts'
import { monthOf } from './month.ts'

export interface ListOptions {
  readonly kind?: Job['kind']
  readonly status?: JobStatus
  /** The largest number of jobs on a page. At least 1. */
  readonly limit: number
  readonly cursor?: string
}

export interface JobPage {
  readonly jobs: readonly Job[]
  /** Absent on the last page. */
  readonly cursor?: string
}

/** Selects the newest jobs that have failed since a time. */
export interface RecentFailures {
  readonly since: Date
  /** The largest number of failed jobs. */
  readonly limit: number
}

export interface RecentJobs {
  /** The jobs that have not ended, oldest first. A job whose upload slot has expired has ended. */
  readonly notEnded: readonly Job[]
  /** The jobs that have failed recently. The last failure is first. */
  readonly failed: readonly Job[]
  /** False if more jobs than the limit may have failed. */
  readonly allFailed: boolean
}

/**
 * The number of months whose jobs are listed, including the current month. Jobs are kept for 90 days, which fall in at
 * most 4 months. One more month is a margin.
 */
const MONTHS = 5
/**
 * The number of list entries that one query reads. It is larger than most pages, because a filter may skip most
 * entries.
 */
const PAGE = 100
/**
 * The time after which a page ends even if it has few jobs, or none. A route must respond within 30 seconds, and few
 * jobs may have the requested kind or status.
 */
const PAGE_MS = 8_000
/** The largest size of the members that the API adds to each listed job, such as its links. */
const ADDED_BYTES = 1024
/** The partition that lists the jobs that have not ended. It is small, because the number of such jobs is limited. */
const ACTIVE = 'jobs#active'

/**
 * The partition that lists the jobs that have failed, by the time of their failure. A job may run for days, so the list
 * of a month, which is in the order of creation, does not show which jobs have failed recently.
 */
const FAILED = 'jobs#failed'
/** The time after which DynamoDB deletes the entry of a failed job. Only the failures of the last day are read. */
const FAILED_KEPT_SECONDS = 7 * 24 * 3600

/**
 * The largest number of ended jobs that one read removes from the list of active jobs. The limit keeps the read fast.
 */
const MAX_REMOVED = 25
/**
 * The time after which an expired slot is removed from the list. Until then, a function with a slow clock may still use
 * the slot.
 */
const CLOCK_MARGIN_MS = 3_600_000

/** The name of the list in its cursors. */
const LIST = 'jobs'
/**
 * The position of the last entry that a page has read. `after` is its sort key, which is `{created_at}#{job_id}`.
 */
const Cursor = z.strictObject({
  month: z.string().regex(/^\d{6}$/),
  after: z.string().regex(/^[\x21-\x7e]{1,200}$/),
})
type Cursor = z.output<typeof Cursor>

/**
 * Lists the jobs of each month, the jobs that have not ended, and the jobs that have failed recently. The lists consist
 * of items in the job table, so the table needs no index.
 */
export class JobList {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /** Adds a job to the lists. The job itself may be written later, because readers skip entries without a job. */
  async add(job: Job): Promise<void> {
    const { job_id, kind, created_at } = job
    const item = { job_id: { S: job_id }, ...expiresAttribute(this.#items.now()) }
    const inMonth = keyAttributes({ pk: `jobs#${monthOf(created_at)}`, sk: listKey(job) })
    await this.#items.put({ ...inMonth, ...item, kind: { S: kind } })
    await this.#items.put({ ...keyAttributes({ pk: ACTIVE, sk: job_id }), ...item, created_at: { S: created_at } })
  }

  /**
   * Removes an ended job from the list of active jobs. If the job has failed, first adds it to the list of failed jobs,
   * so that it is always in one of these lists.
   */
  async ended(job: Job): Promise<void> {
    const { job_id, status } = job
    const sk = failedKey(job)
    if (status === 'failed' && sk !== undefined) {
      const expires = Math.floor(this.#items.now().getTime() / 1000) + FAILED_KEPT_SECONDS
      const item = { job_id: { S: job_id }, expires: { N: expires.toString() } }
      await this.#items.put({ ...keyAttributes({ pk: FAILED, sk }), ...item })
    }
    await this.#items.delete(keyAttributes({ pk: ACTIVE, sk: job_id }))
  }

  /**
   * Returns the active jobs with one of these statuses, oldest first. Also removes entries of ended jobs. Such entries
   * exist if a slot has expired, or if a process ended before it removed the entry.
   */
  async active(statuses: readonly JobStatus[]): Promise<Job[]> {
    const jobs = await this.#listedAsActive()
    await this.#removeEnded(jobs)
    return jobs.filter(({ status }) => statuses.includes(status)).sort((a, b) => (a.created_at < b.created_at ? -1 : 1))
  }

  /** Returns the jobs that have not ended, and the jobs that have failed recently. Unlike `active`, only reads. */
  async recent({ since, limit }: RecentFailures): Promise<RecentJobs> {
    const now = this.#items.now()
    // The list of active jobs is read first. A job that fails in between is then at least in the list of failed jobs.
    const listed = await this.#listedAsActive()
    const from = since.toISOString()
    const { items } = await this.#items.queryBackwards(FAILED, { from, limit: limit + 1 })
    const entries = new Set(items.map(sortKeyOf))
    // A failed job that has ended twice has two entries. Only the entry with the job's `ended_at` is valid.
    const found = (await this.#jobs(items.map(idOf))).filter((job) => entries.has(failedKey(job) ?? ''))
    const failed = new Map(
      [...listed, ...found]
        .filter(({ status, ended_at = '' }) => status === 'failed' && ended_at >= from)
        .map((job) => [job.job_id, job]),
    )
    const newestFirst = [...failed.values()].sort((a, b) => ((a.ended_at ?? '') < (b.ended_at ?? '') ? 1 : -1))
    return {
      notEnded: listed.filter((job) => !hasEnded(job, now)).sort((a, b) => (a.created_at < b.created_at ? -1 : 1)),
      failed: newestFirst.slice(0, limit),
      allFailed: items.length <= limit && newestFirst.length <= limit,
    }
  }

  /** Returns the jobs in the list of active jobs. Some of them may have ended. */
  async #listedAsActive(): Promise<Job[]> {
    const ids: string[] = []
    for await (const page of this.#items.query(ACTIVE)) ids.push(...page.map(sortKeyOf))
    return this.#jobs(ids)
  }

  /** Removes up to `MAX_REMOVED` ended jobs from the list of active jobs. If this fails, the next read tries again. */
  async #removeEnded(jobs: readonly Job[]): Promise<void> {
    const now = new Date(this.#items.now().getTime() - CLOCK_MARGIN_MS)
    const ended = jobs.filter((job) => hasEnded(job, now)).slice(0, MAX_REMOVED)
    await Promise.allSettled(ended.map((job) => this.ended(job)))
  }

  /**
   * Returns a page of jobs, newest first. A page with large jobs may have fewer than `limit` jobs. A page that ends
   * after `pageMs` may have none. Throws `InvalidRequestError` if the cursor is invalid.
   */
  async page({ kind, status, limit, cursor }: ListOptions, pageMs = PAGE_MS): Promise<JobPage> {
    const started = performance.now()
    const jobs: Job[] = []
    let bytes = 0
    let at = cursor === undefined ? undefined : parseCursor(LIST, Cursor, cursor)
    /** The cursor of a page that ends with the last added job. */
    let end: string | undefined
    for (const month of monthsBack(this.#items.now())) {
      if (at !== undefined && month > at.month) continue
      for (;;) {
        const { items, next } = await this.#listed(month, PAGE, at?.month === month ? at.after : undefined)
        const listed = items.filter((item) => kind === undefined || (kindOf(item) ?? kind) === kind)
        const found = new Map((await this.#jobs(listed.map(idOf))).map((job) => [job.job_id, job]))
        for (const [k, item] of items.entries()) {
          const job = found.get(idOf(item))
          at = { month, after: sortKeyOf(item) }
          // Concurrent or repeated requests may add two entries for one job. Only the entry with the job's `created_at`
          // is valid.
          if (job === undefined || at.after !== listKey(job)) continue
          if ((kind ?? job.kind) !== job.kind || (status ?? job.status) !== job.status) continue
          // Listed jobs contain less than stored jobs, so this is an upper bound.
          const added = bytesInResponse(job) + ADDED_BYTES
          if (end !== undefined && bytes + added > MAX_PAGE_BYTES) return { jobs, cursor: end }
          jobs.push(job)
          bytes += added
          end = encodeCursor(LIST, at)
          if (jobs.length < limit) continue
          const last = k === items.length - 1 && next === undefined && !(await this.#hasOlder(month))
          return last ? { jobs } : { jobs, cursor: end }
        }
        if (next === undefined) break
        if (performance.now() - started >= pageMs && at !== undefined) return { jobs, cursor: encodeCursor(LIST, at) }
      }
    }
    return { jobs }
  }

  /** Returns true if a month before `month` lists a job. */
  async #hasOlder(month: string): Promise<boolean> {
    for (const before of monthsBack(this.#items.now())) {
      if (before < month && (await this.#listed(before, 1)).items.length > 0) return true
    }
    return false
  }

  /**
   * Returns up to `limit` list entries of a month, beginning after the entry with the sort key `after`, newest first.
   */
  #listed(month: string, limit: number, after?: string): Promise<DescendingItems> {
    return this.#items.queryBackwards(`jobs#${month}`, { limit, before: after })
  }

  async #jobs(ids: readonly string[]): Promise<Job[]> {
    const items = await this.#items.find([...new Set(ids)].map((id) => ({ pk: `job#${id}`, sk: 'job' })))
    return items.map(jobOf)
  }
}

const idOf = (item: Item): string => item['job_id']?.S ?? ''

/** Returns the kind of a job from its list entry. Entries of earlier versions do not contain it. */
const kindOf = (item: Item): string | undefined => item['kind']?.S

const listKey = ({ job_id, created_at }: Job): string => `${created_at}#${job_id}`

const failedKey = ({ job_id, ended_at }: Job): string | undefined =>
  ended_at === undefined ? undefined : `${ended_at}#${job_id}`

/**
 * Returns the next month, the current month and the previous months, as `yyyymm`. The next month is included, because
 * the function that created a job may have a fast clock.
 */
const monthsBack = (now: Date): string[] =>
  Array.from({ length: MONTHS + 1 }, (_, k) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1 - k, 1)).toISOString()),
  )
