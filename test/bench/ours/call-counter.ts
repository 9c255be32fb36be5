import * as z from 'zod'

/** What the calls of one stage have requested. */
export const StageCalls = z.object({
  /** The number of calls of each operation, such as `Query` or `PutObject`. */
  calls: z.record(z.string(), z.number()),
  /** DynamoDB's capacity units by the purpose of the table: `resources` or `jobs`. */
  read_units: z.record(z.string(), z.number()),
  write_units: z.record(z.string(), z.number()),
  /** The bodies of the objects that S3 returned and received. */
  bytes_read: z.number(),
  bytes_written: z.number(),
})
export type StageCalls = z.output<typeof StageCalls>

const none = (): StageCalls => ({ calls: {}, read_units: {}, write_units: {}, bytes_read: 0, bytes_written: 0 })

/** Counts the calls of AWS clients by stage. The stages of a job run one after the other. */
export class CallCounter {
  #stages = new Map<string, StageCalls>()
  readonly #purposes: ReadonlyMap<string, string>
  /** The stage that is running. Calls between two stages belong to the stage before. */
  stage = 'start'

  /** `tables` are the names of the tables by their purposes, under which their units are counted. */
  constructor(tables: Readonly<Record<string, string>>) {
    this.#purposes = new Map(Object.entries(tables).map(([purpose, name]) => [name, purpose]))
  }

  addTableCall(
    operation: string,
    units: { readonly table: string; readonly kind: 'read' | 'write'; readonly units: number }[],
  ): void {
    const stage = this.#current()
    stage.calls[operation] = (stage.calls[operation] ?? 0) + 1
    for (const { table, kind, units: used } of units) {
      const byTable = kind === 'read' ? stage.read_units : stage.write_units
      const purpose = this.#purposes.get(table) ?? table
      byTable[purpose] = (byTable[purpose] ?? 0) + used
    }
  }

  addObjectCall(operation: string, bytes: { readonly read: number; readonly written: number }): void {
    const stage = this.#current()
    stage.calls[operation] = (stage.calls[operation] ?? 0) + 1
    stage.bytes_read += bytes.read
    stage.bytes_written += bytes.written
  }

  /** Returns the calls since the last call of this method. */
  take(): Record<string, StageCalls> {
    const taken = Object.fromEntries(this.#stages)
    this.#stages = new Map()
    this.stage = 'start'
    return taken
  }

  #current(): StageCalls {
    const stage = this.#stages.get(this.stage) ?? none()
    this.#stages.set(this.stage, stage)
    return stage
  }
}

/** Adds the calls of several stages. */
export const sumOfCalls = (stages: readonly StageCalls[]): StageCalls => {
  const total = none()
  const add = (to: Record<string, number>, from: Readonly<Record<string, number>>): void => {
    for (const [name, value] of Object.entries(from)) to[name] = (to[name] ?? 0) + value
  }
  for (const stage of stages) {
    add(total.calls, stage.calls)
    add(total.read_units, stage.read_units)
    add(total.write_units, stage.write_units)
    total.bytes_read += stage.bytes_read
    total.bytes_written += stage.bytes_written
  }
  return total
}
