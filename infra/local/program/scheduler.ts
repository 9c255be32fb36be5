import { setTimeout as sleep } from 'node:timers/promises'
import { dueTimes, type Schedule } from '../../../shared/schedules/schedule.ts'
import { type Times, timesOf } from '../../../shared/schedules/times.ts'
import type { LocalTrigger } from './triggers.ts'

/**
 * The longest time for which a timer waits. Then the remaining time is computed again, because the system clock can
 * change, and because timers of Node.js wait for at most 24 days.
 */
const MAX_SLEEP_MS = 3600_000

interface SchedulerSettings {
  readonly schedules: readonly Schedule[]
  /** The number of days for which each group of objects is kept. */
  readonly retention: object
  readonly copy_archives_to?: object
}

/**
 * Replaces EventBridge Scheduler: invokes the functions of all triggers of the types `schedule` and `rate` when they
 * are due. Skips the times at which the program was not running.
 */
export class LocalScheduler {
  readonly #stopping = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(triggers: readonly LocalTrigger[], { schedules, retention, copy_archives_to }: SchedulerSettings) {
    const numbers = {
      schedules: schedules.length,
      retention: Object.keys(retention).length,
      copies: copy_archives_to === undefined ? 0 : 1,
    }
    for (const { trigger, invoke } of triggers)
      if (trigger.type === 'schedule')
        for (const schedule of schedules)
          this.#run(dueTimes(schedule), (due) => invoke({ schedule: schedule.name, at: due.toISOString() }))
      else if (trigger.type === 'rate' && trigger.isNeeded(numbers))
        this.#run(timesOf({ rate: `${trigger.hours} ${trigger.hours === 1 ? 'hour' : 'hours'}` }), () => invoke({}))
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
