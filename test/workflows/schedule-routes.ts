import { beforeAll, beforeEach, expect } from 'vitest'
import { handler as checkHandler } from '../../functions/events/check-schedules.ts'
import { handler as startHandler } from '../../functions/events/start-scheduled.ts'
import { ScheduleListView } from '../../functions/http/schedule-view.ts'
import { startGateway } from '../../infra/local/program/gateway.ts'
import { localContext } from '../../infra/local/program/local-context.ts'
import { must } from '../../shared/values/must.ts'
import { startRunnerWithSample } from './start-runner.ts'
import type { WorkflowRunner } from './workflow-runner.ts'

/** Returns a new context for each call, because the remaining time of a context decreases. */
export const context = () => localContext('test', 'test', 60_000)

export const DAY_MS = 86_400_000
export const EVERY_NIGHT = { cron: '0 3 * * ? *' }
export const HOURLY = {
  name: 'hourly',
  timing: { rate: '2 hours' },
  filters: { is_deleted: false },
  strict: true,
  keep_days: 9,
  min_ratio: 0.9,
}
const START = new Date('2026-03-01T12:00:00.250Z')

/** The routes of schedules, and the events that start exports and check schedules. */
export class ScheduleRoutes {
  now = START
  /** The name of the nightly schedule of the test. */
  name = 'nightly'
  readonly runner: WorkflowRunner
  readonly #url: () => string

  constructor(runner: WorkflowRunner, url: () => string) {
    this.runner = runner
    this.#url = url
  }

  async request(method: string, path: string, body?: object, headers: Record<string, string> = {}) {
    const response = await fetch(`${this.#url()}/_backup/schedules${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }

  post(path: string, body?: object, headers?: Record<string, string>) {
    return this.request('POST', `/${this.name}${path}`, body, headers)
  }

  /** Returns the schedule in the list of all schedules. */
  async listed(schedule = this.name): Promise<ScheduleListView['schedules'][number]> {
    const { status, body } = await this.request('GET', '')
    expect(status).toBe(200)
    const view = ScheduleListView.parse(body)
    expect(view, 'the schema describes all members').toEqual(body)
    return must(view.schedules.find(({ name }) => name === schedule))
  }

  /** Returns the id of the job that is due at 3:00 of a day of March. */
  jobIdOf(day: string): string {
    return `s-${this.name}-202603${day}T030000Z`
  }

  /** Delivers a due time at 3:00 of a day of March, and waits until the job has ended, if there is one. */
  async deliver(day: string): Promise<void> {
    await startHandler({ schedule: this.name, at: `2026-03-${day}T03:00:00Z` }, context())
    const { jobs, workflows } = this.runner.services
    if ((await jobs.get(this.jobIdOf(day))) !== undefined) await workflows.ended?.(this.jobIdOf(day))
  }

  async isOverdueInCheck(): Promise<boolean | undefined> {
    return (await checkHandler({}, context())).find(({ schedule }) => schedule === this.name)?.overdue
  }
}

/**
 * Starts a runner with the sample, and the routes of schedules. Each test has its own nightly schedule, and begins at
 * the same time. Call this function at the top level of a file.
 */
export const startScheduleRoutes = async (): Promise<ScheduleRoutes> => {
  let url = ''
  const runner = await startRunnerWithSample({ clock: () => routes.now })
  const routes = new ScheduleRoutes(runner, () => url)
  let made = 0
  beforeAll(async () => {
    const gateway = await startGateway({ port: 0 })
    url = gateway.url
    return () => gateway.stop()
  })
  beforeEach(async () => {
    routes.name = `nightly-${made++}`
    const models = ['city', 'memo']
    const own = { name: routes.name, timing: EVERY_NIGHT, models, filters: {}, strict: false, keep_days: 2 }
    await runner.deploy({ schedules: [own, HOURLY] })
    routes.now = START
  })
  return routes
}
