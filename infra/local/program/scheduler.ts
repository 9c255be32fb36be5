import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import { handler as prune } from '../../../functions/events/prune.ts'
import { handler as startScheduled } from '../../../functions/events/start-scheduled.ts'
import { dueTimes, type Schedule } from '../../../shared/schedules/schedule.ts'
import { localContext } from './local-context.ts'
import { type Times, timesOf } from '../../../shared/schedules/times.ts'

/** A timer takes 24 days at most, and a machine's clock may be set: it is looked at again within the hour. */
const MAX_SLEEP_MS = 3600_000

/** What these handlers may take on Lambda. */
const MAX_MS = 900_000

const context = (name: string): Context => localContext(name, randomUUID(), MAX_MS)

/** Starts what is due while the program runs, as EventBridge Scheduler does. What was due before is not made up for. */
export class LocalSchedules {
  readonly #stopping = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(schedules: readonly Schedule[]) {
    for (const schedule of schedules)
      this.#run(dueTimes(schedule), (at) =>
        startScheduled({ schedule: schedule.name, at: at.toISOString() }, context('start-scheduled')),
      )
    if (schedules.length > 0) this.#run(timesOf({ rate: '1 day' }), () => prune({}, context('prune')))
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
  }

  #run(times: Times, work: (at: Date) => Promise<unknown>): void {
    this.#loops.push(this.#loop(times, work))
  }

  async #loop(times: Times, work: (at: Date) => Promise<unknown>): Promise<void> {
    for (let due = times.next(new Date()); due !== undefined; due = times.next(new Date())) {
      if (!(await this.#until(due))) return
      await work(due).catch((error: unknown) => {
        console.error('what was due at', due.toISOString(), 'failed', error)
      })
    }
  }

  /** False where the program stops before. */
  async #until(due: Date): Promise<boolean> {
    for (let left = due.getTime() - Date.now(); left > 0; left = due.getTime() - Date.now()) {
      const { signal } = this.#stopping
      await sleep(Math.min(left, MAX_SLEEP_MS), undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return false
    }
    return true
  }
}
