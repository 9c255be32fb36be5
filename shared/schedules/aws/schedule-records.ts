import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type * as z from 'zod'
import { JobTable } from '../../jobs/aws/job-table.ts'
import { type Item, type Key, keyAttributes } from '../../tables/item.ts'
import {
  DeliveredDueTime,
  SchedulePause,
  type ScheduleRecord,
  ScheduleRun,
  SkippedDueTime,
} from '../schedule-record.ts'

const DAY_SECONDS = 24 * 3600
/**
 * The time for which an ended pause is kept. EventBridge Scheduler may deliver a due time of the pause up to one day
 * late.
 */
const ENDED_PAUSE_SECONDS = 2 * DAY_SECONDS

/** The sort keys of the items of a schedule. Sort keys of judgements and copies begin with `archive#` and `copy#`. */
const SORT_KEYS = { run: 'last-run', delivered: 'last-delivered', skipped: 'last-skipped', pause: 'pause' } as const

/** Stores in the job table when a schedule was last due, which export it has started last, and its pause. */
export class ScheduleRecords {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /** Returns the records of schedules, in the same order. The record of a schedule without items is empty. */
  async list(schedules: readonly string[]): Promise<ScheduleRecord[]> {
    const keys = schedules.flatMap((schedule) => Object.values(SORT_KEYS).map((sk) => keyOf(schedule, sk)))
    const items = new Map((await this.#items.find(keys)).map((item) => [nameOf(item), item]))
    return schedules.map((schedule) => {
      const part = <Part>(sk: string, shape: z.ZodType<Part>): Part | undefined => {
        const item = items.get(nameOf(keyAttributes(keyOf(schedule, sk))))
        return item === undefined ? undefined : recordIn(item, shape)
      }
      const run = part(SORT_KEYS.run, ScheduleRun)
      const delivered = part(SORT_KEYS.delivered, DeliveredDueTime)
      const skipped = part(SORT_KEYS.skipped, SkippedDueTime)
      const pause = part(SORT_KEYS.pause, SchedulePause)
      return {
        ...(run === undefined ? {} : { run }),
        ...(delivered === undefined ? {} : { delivered }),
        ...(skipped === undefined ? {} : { skipped }),
        ...(pause === undefined ? {} : { pause }),
      }
    })
  }

  /** Returns the last pause of a schedule, even if it has ended, or `undefined`. */
  async pause(schedule: string): Promise<SchedulePause | undefined> {
    const item = await this.#items.get(keyAttributes(keyOf(schedule, SORT_KEYS.pause)))
    return item === undefined ? undefined : recordIn(item, SchedulePause)
  }

  /** Stores a pause. Replaces the last pause. */
  async storePause(schedule: string, pause: SchedulePause): Promise<void> {
    const expires = Math.floor(Date.parse(pause.until) / 1000) + ENDED_PAUSE_SECONDS
    await this.#items.put({ ...itemOf(schedule, SORT_KEYS.pause, pause), expires: { N: expires.toString() } })
  }

  /** Stores the newest export of a schedule. Does nothing if an export with a later due time is stored. */
  storeRun(schedule: string, run: ScheduleRun): Promise<void> {
    return this.#storeNewer(schedule, SORT_KEYS.run, run)
  }

  /** Stores the latest due time that was delivered. Does nothing if a later due time is stored. */
  storeDelivered(schedule: string, delivered: DeliveredDueTime): Promise<void> {
    return this.#storeNewer(schedule, SORT_KEYS.delivered, delivered)
  }

  /** Stores the latest due time that was skipped. Does nothing if a later due time is stored. */
  storeSkipped(schedule: string, skipped: SkippedDueTime): Promise<void> {
    return this.#storeNewer(schedule, SORT_KEYS.skipped, skipped)
  }

  async #storeNewer(schedule: string, sk: string, record: { readonly due_at: string }): Promise<void> {
    // Times in ISO 8601 and UTC with the same number of digits are in the order of their strings.
    const due_at = { S: new Date(record.due_at).toISOString() }
    await this.#items.putWhere(
      { ...itemOf(schedule, sk, record), due_at },
      'attribute_not_exists(#pk) OR #due_at <= :due_at',
      { '#pk': 'pk', '#due_at': 'due_at' },
      { ':due_at': due_at },
    )
  }
}

const keyOf = (schedule: string, sk: string): Key => ({ pk: `schedule#${schedule}`, sk })

const nameOf = (item: Item): string => `${item['pk']?.S ?? ''} ${item['sk']?.S ?? ''}`

const itemOf = (schedule: string, sk: string, record: object): Item => ({
  ...keyAttributes(keyOf(schedule, sk)),
  record: { S: JSON.stringify(record) },
})

const recordIn = <Record>(item: Item, shape: z.ZodType<Record>): Record =>
  shape.parse(JSON.parse(item['record']?.S ?? 'null'))
