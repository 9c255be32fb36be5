import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { LeaseLostError, RestoreRunningError } from '../lease-errors.ts'

/** Long beside a request, short beside the wait of whoever comes next. */
const LEASE_MS = 3 * 60_000
/** With less than this left it is renewed. */
const RENEW_MS = 2 * 60_000
/** No write is sent later than this before the expiry: it may travel a while. */
const MARGIN_MS = 30_000
/** A takeover waits this long after the expiry: DynamoDB refuses a request that was signed 5 minutes ago, and clocks differ. */
const TAKEOVER_MS = 6 * 60_000

/** How a lease stands in the table. Times in ms since 1970. */
interface LeaseRow {
  readonly holder: string | undefined
  readonly epoch: number
  readonly expires: number
  readonly draining: boolean
}

/** One lease a model: who restores it. */
export class Leases {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date = () => new Date()) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  /**
   * ResourceFilter the leases of all models for a job, or none. A job that has one already takes it up again, with a new epoch,
   * also while it drains. Throws `RestoreRunningError`.
   */
  async takeAll(models: readonly string[], jobId: string): Promise<Lease> {
    const fresh: string[] = []
    try {
      // In one order for everyone: two restores that want the same models cannot each hold one.
      for (const model of [...models].sort()) if (await this.#take(model, jobId)) fresh.push(model)
    } catch (error) {
      await this.held(fresh, jobId).free()
      throw error
    }
    return this.held(models, jobId)
  }

  take(model: string, jobId: string): Promise<Lease> {
    return this.takeAll([model], jobId)
  }

  /** The leases that a job has taken, as one of its workers uses them. Whether it still has them, `check` finds out. */
  held(models: readonly string[], jobId: string): Lease {
    return new Lease(
      models,
      jobId,
      {
        read: (model) => this.#read(model),
        renew: (model, epoch, expires) => this.#renew(model, jobId, epoch, expires),
        free: (model) => this.#whereOurs(model, jobId, 'REMOVE #holder, #draining'),
        drain: (model) => this.#whereOurs(model, jobId, 'SET #draining = :true', { ':true': { BOOL: true } }),
      },
      this.#clock,
    )
  }

  /** Which job has a model, also where its time is over. */
  async holderOf(model: string): Promise<string | undefined> {
    return (await this.#read(model)).holder
  }

  /** True where the job did not have the lease before. */
  async #take(model: string, jobId: string): Promise<boolean> {
    const now = this.#clock().getTime()
    const absent = 'attribute_not_exists(#holder)'
    const ours = '#holder = :job'
    const abandoned = '#expires <= :abandoned'
    try {
      const { Attributes } = await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: keyOf(model),
          UpdateExpression: 'SET #holder = :job, #expires = :until ADD #epoch :one REMOVE #draining',
          ConditionExpression: `${absent} OR ${ours} OR ${abandoned}`,
          ExpressionAttributeNames: { ...NAMES, '#epoch': 'epoch', '#draining': 'draining' },
          ExpressionAttributeValues: {
            ':job': { S: jobId },
            ':until': { N: `${now + LEASE_MS}` },
            ':abandoned': { N: `${now - TAKEOVER_MS}` },
            ':one': { N: '1' },
          },
          ReturnValues: 'ALL_OLD',
        }),
      )
      return Attributes?.['holder']?.S !== jobId
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
      const { holder, expires } = await this.#read(model)
      // It was freed just now: the next try takes it.
      if (holder === undefined) return this.#take(model, jobId)
      throw new RestoreRunningError(model, holder, new Date(expires + TAKEOVER_MS).toISOString())
    }
  }

  async #read(model: string): Promise<LeaseRow> {
    const { Item: item = {} } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: keyOf(model), ConsistentRead: true }),
    )
    return {
      holder: item['holder']?.S,
      epoch: Number(item['epoch']?.N ?? 0),
      expires: Number(item['lease_until']?.N ?? 0),
      draining: item['draining']?.BOOL === true,
    }
  }

  /** False where it is no longer this job's in this epoch. Another worker may have renewed it for longer: then it stays so. */
  async #renew(model: string, jobId: string, epoch: number, expires: number): Promise<boolean> {
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: keyOf(model),
          UpdateExpression: 'SET #expires = :until',
          ConditionExpression:
            '#holder = :job AND #epoch = :epoch AND attribute_not_exists(#draining) AND #expires < :until',
          ExpressionAttributeNames: { ...NAMES, '#epoch': 'epoch', '#draining': 'draining' },
          ExpressionAttributeValues: {
            ':job': { S: jobId },
            ':epoch': { N: `${epoch}` },
            ':until': { N: `${expires}` },
          },
        }),
      )
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
  }

  /** Changes a lease that this job holds; any other is left alone. */
  async #whereOurs(model: string, jobId: string, update: string, values: Item = {}): Promise<void> {
    try {
      await this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: keyOf(model),
          UpdateExpression: update,
          ConditionExpression: '#holder = :job',
          ExpressionAttributeNames: { '#holder': 'holder', '#draining': 'draining' },
          ExpressionAttributeValues: { ...values, ':job': { S: jobId } },
        }),
      )
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error
    }
  }
}

/** Not `expires`: that is the attribute by which the table drops items, and an epoch must never begin anew. */
const NAMES = { '#holder': 'holder', '#expires': 'lease_until' }

const keyOf = (model: string): Item => keyAttributes({ pk: `lease#${model}`, sk: 'lease' })

interface Table {
  readonly read: (model: string) => Promise<LeaseRow>
  readonly renew: (model: string, epoch: number, expires: number) => Promise<boolean>
  readonly free: (model: string) => Promise<void>
  readonly drain: (model: string) => Promise<void>
}

/** A job's hold on some models, as one worker sees it. */
export class Lease {
  readonly models: readonly string[]
  readonly jobId: string
  readonly #table: Table
  readonly #clock: () => Date
  readonly #known = new Map<string, { epoch: number; expires: number }>()
  #checking: Promise<void> | undefined

  constructor(models: readonly string[], jobId: string, table: Table, clock: () => Date) {
    this.models = models
    this.jobId = jobId
    this.#table = table
    this.#clock = clock
  }

  /**
   * Awaited before every write: looks at the clock alone while two minutes are left, else renews. Throws `LeaseLostError`
   * where the lease is someone else's, drains, or cannot be renewed in time.
   */
  async check(): Promise<void> {
    const now = this.#clock().getTime()
    if (this.models.every((model) => (this.#known.get(model)?.expires ?? 0) - now >= RENEW_MS)) return
    // Many writes ask at once: one renewal serves them all.
    this.#checking ??= this.#renewAll().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  /** The epoch in which this worker holds a model. Undefined before the first `check`. */
  epoch(model: string): number | undefined {
    return this.#known.get(model)?.epoch
  }

  /** Gives the models back at once: nothing was written, or nothing can be under way. */
  async free(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.free(model)
  }

  /** Gives the models back as late as a write of a function that still runs could arrive. */
  async drain(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.drain(model)
  }

  async #renewAll(): Promise<void> {
    for (const model of this.models) await this.#renew(model)
  }

  async #renew(model: string): Promise<void> {
    const known = this.#known.get(model) ?? (await this.#adopt(model))
    // Of the time before the request: the answer may take long.
    const now = this.#clock().getTime()
    if (known.expires - now >= RENEW_MS) return
    const expires = now + LEASE_MS
    try {
      if (await this.#table.renew(model, known.epoch, expires)) {
        this.#known.set(model, { epoch: known.epoch, expires })
        return
      }
    } catch (error) {
      // Not lost, only not renewed: the next check tries again, as long as a write may still be sent.
      if (known.expires - this.#clock().getTime() > MARGIN_MS) return
      throw error
    }
    const adopted = await this.#adopt(model, known.epoch)
    if (adopted.expires - this.#clock().getTime() <= MARGIN_MS) throw this.#lost(model, 'it ran out')
  }

  /** Reads how the lease stands, and takes its expiry over where it is this job's (in this epoch). */
  async #adopt(model: string, epoch?: number): Promise<{ epoch: number; expires: number }> {
    const standing = await this.#table.read(model)
    if (standing.holder !== this.jobId)
      throw this.#lost(model, standing.holder === undefined ? 'it was freed' : `job ${standing.holder} has it`)
    if (standing.draining) throw this.#lost(model, 'the job has ended')
    if (epoch !== undefined && standing.epoch !== epoch) throw this.#lost(model, 'a later attempt of the job has it')
    const known = { epoch: standing.epoch, expires: standing.expires }
    this.#known.set(model, known)
    return known
  }

  #lost(model: string, why: string): LeaseLostError {
    this.#known.delete(model)
    return new LeaseLostError(model, this.jobId, why)
  }
}
