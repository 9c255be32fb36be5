import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { LeaseLostError, RestoreRunningError } from '../lease-errors.ts'

/** Long compared with a request, short for the restore that waits for the model. */
const LEASE_MS = 3 * 60_000
/** A lease with less time left than this is renewed. */
const RENEW_MS = 2 * 60_000
/** Writes stop this long before the expiry, because a request may be slow. */
const MARGIN_MS = 30_000
/** A takeover waits this long after the expiry: DynamoDB rejects requests that were signed more than 5 minutes ago, and clocks differ. */
const TAKEOVER_MS = 6 * 60_000

/** A lease as the job table holds it. Times are in ms since 1970. */
interface LeaseRow {
  readonly holder: string | undefined
  readonly epoch: number
  readonly expires: number
  readonly draining: boolean
}

/** One lease per model: it belongs to the job that restores the model. */
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
   * Takes the leases of all models for a job, or none of them. If the job already has a lease, even a draining one, it takes the lease
   * again with a new epoch. Throws `RestoreRunningError`.
   */
  async takeAll(models: readonly string[], jobId: string): Promise<Lease> {
    const fresh: string[] = []
    try {
      // Every job takes leases in the same order, so that two restores of the same models cannot block each other.
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

  /** The leases that a job has taken, for use by one of its workers. `check` finds out whether the job still holds them. */
  held(models: readonly string[], jobId: string): Lease {
    return new Lease(
      models,
      jobId,
      {
        read: (model) => this.#read(model),
        renew: (model, epoch, expires) => this.#renew(model, jobId, epoch, expires),
        free: (model) => this.#updateOwn(model, jobId, 'REMOVE #holder, #draining'),
        drain: (model) => this.#updateOwn(model, jobId, 'SET #draining = :true', { ':true': { BOOL: true } }),
      },
      this.#clock,
    )
  }

  /** The job that holds a model's lease, even if the lease has expired. */
  async holderOf(model: string): Promise<string | undefined> {
    return (await this.#read(model)).holder
  }

  /** Returns true if the job did not hold the lease before. */
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
      // It was freed in between.
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

  /** Returns false if the job no longer holds the lease in this epoch, or if another worker has already renewed it for longer. */
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

  /** Changes a lease if this job holds it. */
  async #updateOwn(model: string, jobId: string, update: string, values: Item = {}): Promise<void> {
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

/** Not `expires`: DynamoDB deletes items by that attribute, and an epoch must never start again at 1. */
const NAMES = { '#holder': 'holder', '#expires': 'lease_until' }

const keyOf = (model: string): Item => keyAttributes({ pk: `lease#${model}`, sk: 'lease' })

interface LeaseTable {
  readonly read: (model: string) => Promise<LeaseRow>
  readonly renew: (model: string, epoch: number, expires: number) => Promise<boolean>
  readonly free: (model: string) => Promise<void>
  readonly drain: (model: string) => Promise<void>
}

/** The leases of a job on some models, as one worker uses them. */
export class Lease {
  readonly models: readonly string[]
  readonly jobId: string
  readonly #table: LeaseTable
  readonly #clock: () => Date
  readonly #known = new Map<string, { epoch: number; expires: number }>()
  #checking: Promise<void> | undefined

  constructor(models: readonly string[], jobId: string, table: LeaseTable, clock: () => Date) {
    this.models = models
    this.jobId = jobId
    this.#table = table
    this.#clock = clock
  }

  /**
   * Must be awaited before every write. While at least two minutes are left it only reads the clock; otherwise it renews the lease.
   * Throws `LeaseLostError` if another job holds the lease, if it drains, or if it cannot be renewed in time.
   */
  async check(): Promise<void> {
    const now = this.#clock().getTime()
    if (this.models.every((model) => (this.#known.get(model)?.expires ?? 0) - now >= RENEW_MS)) return
    // Concurrent writes share one renewal.
    this.#checking ??= this.#renewAll().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  /** The epoch of this worker's lease on a model. `undefined` before the first `check`. */
  epoch(model: string): number | undefined {
    return this.#known.get(model)?.epoch
  }

  /** Releases the models at once: nothing was written, or no write can be in flight. */
  async free(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.free(model)
  }

  /** Releases the models when no write of a function that is still running can arrive any more. */
  async drain(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.drain(model)
  }

  async #renewAll(): Promise<void> {
    for (const model of this.models) await this.#renew(model)
  }

  async #renew(model: string): Promise<void> {
    const known = this.#known.get(model) ?? (await this.#adopt(model))
    // The time before the request, because the response may be slow.
    const now = this.#clock().getTime()
    if (known.expires - now >= RENEW_MS) return
    const expires = now + LEASE_MS
    try {
      if (await this.#table.renew(model, known.epoch, expires)) {
        this.#known.set(model, { epoch: known.epoch, expires })
        return
      }
    } catch (error) {
      // The lease is not lost yet: while writes are still allowed, the next check tries again.
      if (known.expires - this.#clock().getTime() > MARGIN_MS) return
      throw error
    }
    const adopted = await this.#adopt(model, known.epoch)
    if (adopted.expires - this.#clock().getTime() <= MARGIN_MS) throw this.#lost(model, 'it expired')
  }

  /** Reads the lease and adopts its epoch and expiry if this job holds it (in the given epoch). */
  async #adopt(model: string, epoch?: number): Promise<{ epoch: number; expires: number }> {
    const row = await this.#table.read(model)
    if (row.holder !== this.jobId)
      throw this.#lost(model, row.holder === undefined ? 'it was released' : `job ${row.holder} holds it`)
    if (row.draining) throw this.#lost(model, 'the job has ended')
    if (epoch !== undefined && row.epoch !== epoch) throw this.#lost(model, 'a later attempt of the job holds it')
    const known = { epoch: row.epoch, expires: row.expires }
    this.#known.set(model, known)
    return known
  }

  #lost(model: string, why: string): LeaseLostError {
    this.#known.delete(model)
    return new LeaseLostError(model, this.jobId, why)
  }
}
