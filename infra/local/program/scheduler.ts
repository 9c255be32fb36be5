import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context } from 'aws-lambda'
import { handler as prune } from '../../../functions/events/prune.ts'
import { handler as startScheduled } from '../../../functions/events/start-scheduled.ts'
import { dueTimes, type Schedule } from '../../../shared/schedules/schedule.ts'
import { localContext } from './local-context.ts'
import { type Times, timesOf } from '../../../shared/schedules/times.ts'

/**
 * The longest time for which a timer waits. Then the remaining time is computed again, because the system clock can
 * change, and because timers of Node.js wait for at most 24 days.
 */
const MAX_SLEEP_MS = 3600_000

/** The time limit of both functions on Lambda. */
const TIMEOUT_MS = 900_000

const context = (name: string): Context => localContext(name, randomUUID(), TIMEOUT_MS)

/**
 * Replaces EventBridge Scheduler: starts scheduled exports when they are due, and deletes expired archives once a day.
 * Skips the exports that were due while the program was not running.
 */
export class LocalScheduler {
  readonly #stopping = new AbortController()
  readonly #loops: Promise<void>[] = []

  /** `isPruning`: the program deletes old objects once a day. */
  constructor(schedules: readonly Schedule[], isPruning: boolean) {
    for (const schedule of schedules)
      this.#run(dueTimes(schedule), (due) =>
        startScheduled({ schedule: schedule.name, at: due.toISOString() }, context('start-scheduled')),
      )
    if (isPruning) this.#run(timesOf({ rate: '1 day' }), () => prune({}, context('prune')))
  }

  async close(): Promise<void> {
    this.#stopping.abort()
    await Promise.all(this.#loops)
  }

  #run(times: Times, work: (due: Date) => Promise<unknown>): void {
    this.#loops.push(this.#loop(times, work))
  }

  async #loop(times: Times, work: (due: Date) => Promise<unknown>): Promise<void> {
    for (let due = times.next(new Date()); due !== undefined; due = times.next(new Date())) {
      if (!(await this.#waitUntil(due))) return
      await work(due).catch((error: unknown) => {
        console.error(`local scheduler: the run that was due at ${due.toISOString()} failed`, error)
      })
    }
  }

  /** Waits until a time. Returns false if the program stops before that time, and otherwise true. */
  async #waitUntil(due: Date): Promise<boolean> {
    for (let left = due.getTime() - Date.now(); left > 0; left = due.getTime() - Date.now()) {
      const { signal } = this.#stopping
      await sleep(Math.min(left, MAX_SLEEP_MS), undefined, { signal, ref: false }).catch(() => undefined)
      if (signal.aborted) return false
    }
    return true
  }
}
