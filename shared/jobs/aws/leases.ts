import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { LeaseLostError, RestoreRunningError } from '../lease-errors.ts'

/**
 * How long a lease is valid after it was taken or renewed. A request takes far less than 3 minutes, so a worker can
 * renew its lease in time. If all workers of a job fail, another restore waits for at most 9 minutes, which is the sum
 * of `LEASE_MS` and `TAKEOVER_MS`.
 */
const LEASE_MS = 3 * 60_000
/**
 * A lease is renewed if it expires in less than 2 minutes. While a worker writes, it therefore renews its lease every
 * minute.
 */
const RENEW_MS = 2 * 60_000
/** A worker stops writing 30 seconds before its lease expires, because the last request may be slow. */
const MARGIN_MS = 30_000
/**
 * How long another job must wait after the expiry of a lease before it may take the lease. DynamoDB accepts a request
 * up to 5 minutes after it was signed, so a late write of the first job may still arrive. One more minute is a margin
 * for clocks that differ.
 */
const TAKEOVER_MS = 6 * 60_000

/** A lease as stored in the job table. */
interface LeaseRow {
  /** The id of the job that holds the lease. */
  readonly holder: string | undefined
  /** Increases by 1 whenever a job takes the lease. Workers with an older epoch have lost the lease. */
  readonly epoch: number
  /** In ms since 1970. */
  readonly expires: number
  /**
   * True after the job has ended. The lease can then no longer be renewed. Another job can take it `TAKEOVER_MS` after
   * its expiry.
   */
  readonly draining: boolean
}

/**
 * Manages the leases of all models. Each model has one lease, and only the job that holds this lease may write to the
 * model.
 */
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
   * Takes the leases of all given models for a job. If the job already holds a lease, even a draining lease, takes this
   * lease again with a new epoch. If another job holds one of the leases, releases the leases that this call has taken,
   * and throws `RestoreRunningError`.
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

  /**
   * Returns an object with which a worker can use the leases that its job has taken. Sends no request. If the job no
   * longer holds the leases, `check` of the returned object throws.
   */
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

  /**
   * Returns the id of the job that holds a model's lease, even if the lease has expired. Returns `undefined` if no job
   * holds the lease.
   */
  async holderOf(model: string): Promise<string | undefined> {
    return (await this.#read(model)).holder
  }

  /**
   * Takes a lease. Returns true if the job did not already hold the lease. Throws `RestoreRunningError` if another job
   * holds the lease.
   */
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
      // The other job released the lease between the two requests.
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

  /**
   * Renews a lease until `expires`. Returns false if the job no longer holds the lease in this epoch, if the lease is
   * draining, or if another worker has already renewed it until a later time.
   */
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

  /** Changes a lease if the job holds it. Otherwise does nothing. */
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

/**
 * The expiry is stored in `lease_until`. It is not stored in `expires`, because DynamoDB would delete the item, and the
 * epoch would begin at 1 again.
 */
const NAMES = { '#holder': 'holder', '#expires': 'lease_until' }

const keyOf = (model: string): Item => keyAttributes({ pk: `lease#${model}`, sk: 'lease' })

interface LeaseTable {
  readonly read: (model: string) => Promise<LeaseRow>
  readonly renew: (model: string, epoch: number, expires: number) => Promise<boolean>
  readonly free: (model: string) => Promise<void>
  readonly drain: (model: string) => Promise<void>
}

/** The leases of one job on some models. Each worker has its own object. */
class Lease {
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
   * Checks all leases. The caller must await this method before every write. If every lease is valid for at least 2
   * minutes, sends no request. Otherwise, renews the leases. Throws `LeaseLostError` if another job holds a lease, if a
   * lease is draining, or if a lease expires before it is renewed.
   */
  async check(): Promise<void> {
    const now = this.#clock().getTime()
    if (this.models.every((model) => (this.#known.get(model)?.expires ?? 0) - now >= RENEW_MS)) return
    // Concurrent calls share one renewal.
    this.#checking ??= this.#renewAll().finally(() => {
      this.#checking = undefined
    })
    await this.#checking
  }

  /** Returns the epoch of this worker's lease on a model, or `undefined` before the first `check`. */
  epoch(model: string): number | undefined {
    return this.#known.get(model)?.epoch
  }

  /**
   * Releases the leases at once. Call this method only if the job has written nothing, or if all of its write requests
   * have ended.
   */
  async free(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.free(model)
  }

  /**
   * Prevents further renewals of the leases, so that they expire. Other jobs can take them 6 minutes after they expire.
   * After that time, no late write of this job can arrive.
   */
  async drain(): Promise<void> {
    this.#known.clear()
    for (const model of this.models) await this.#table.drain(model)
  }

  async #renewAll(): Promise<void> {
    for (const model of this.models) await this.#renew(model)
  }

  async #renew(model: string): Promise<void> {
    const known = this.#known.get(model) ?? (await this.#adopt(model))
    // The expiry is computed from the time before the request, because the response may be slow.
    const now = this.#clock().getTime()
    if (known.expires - now >= RENEW_MS) return
    const expires = now + LEASE_MS
    try {
      if (await this.#table.renew(model, known.epoch, expires)) {
        this.#known.set(model, { epoch: known.epoch, expires })
        return
      }
    } catch (error) {
      // The request failed, but writes are still allowed. The next check tries again.
      if (known.expires - this.#clock().getTime() > MARGIN_MS) return
      throw error
    }
    const adopted = await this.#adopt(model, known.epoch)
    if (adopted.expires - this.#clock().getTime() <= MARGIN_MS) throw this.#lost(model, 'it expired')
  }

  /**
   * Reads a lease, and stores its epoch and expiry for the next checks. Throws `LeaseLostError` if the job does not
   * hold the lease, or if `epoch` is given and the lease has another epoch.
   */
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

  #lost(model: string, reason: string): LeaseLostError {
    this.#known.delete(model)
    return new LeaseLostError(model, this.jobId, reason)
  }
}
