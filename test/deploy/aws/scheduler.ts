import * as z from 'zod'
import type { SignedRequests } from './signed-requests.ts'

const Schedule = z.object({ Target: z.looseObject({ Arn: z.string() }), ScheduleExpression: z.string() })
const Schedules = z.object({ Schedules: z.array(z.object({ Name: z.string(), GroupName: z.string() })) })

/** Access to EventBridge Scheduler. */
export class Scheduler {
  readonly #requests: SignedRequests
  readonly #group: string

  constructor(requests: SignedRequests, group: string) {
    this.#requests = requests
    this.#group = group
  }

  /** Returns the names of all schedules in the group. */
  async names(): Promise<string[]> {
    const text = await this.#call('GET /schedules')
    return Schedules.parse(JSON.parse(text)).Schedules.flatMap(({ Name, GroupName }) =>
      GroupName === this.#group ? [Name] : [],
    )
  }

  /**
   * Creates a schedule that is due now, runs once, and has the target of an existing schedule. `input` replaces the
   * input of the target.
   */
  async runNow(name: string, input?: string): Promise<void> {
    const existing = await this.#get(name)
    const Target = { ...existing.Target, ...(input === undefined ? {} : { Input: input }) }
    const now = new Date().toISOString().slice(0, 19)
    const copy = `${name.slice(0, 40)}-${Date.now()}`
    await this.#create(copy, { Target, ScheduleExpression: `at(${now})`, ActionAfterCompletion: 'DELETE' })
  }

  /** Creates a schedule with the target and the times of an existing schedule. */
  async copy(name: string, copy: string): Promise<void> {
    const { Target, ScheduleExpression } = await this.#get(name)
    await this.#create(copy, { Target, ScheduleExpression })
  }

  async delete(name: string): Promise<void> {
    await this.#call(`DELETE /schedules/${name}?groupName=${this.#group}`)
  }

  async #create(name: string, schedule: object): Promise<void> {
    const body = { FlexibleTimeWindow: { Mode: 'OFF' }, GroupName: this.#group, ...schedule }
    await this.#call(`POST /schedules/${name}`, JSON.stringify(body))
  }

  async #get(name: string): Promise<z.output<typeof Schedule>> {
    return Schedule.parse(JSON.parse(await this.#call(`GET /schedules/${name}?groupName=${this.#group}`)))
  }

  #call(request: string, body?: string): Promise<string> {
    return this.#requests.call('scheduler', request, { 'content-type': 'application/json' }, body)
  }
}
