import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { Lease, LEASE_MS, type LeaseRow } from '../lease.ts'
import { RestoreRunningError } from '../lease-errors.ts'
import { JobTable } from './job-table.ts'

/**
 * How long another job must wait after the expiry of a lease before it may take the lease. S3 accepts a request up to
 * 15 minutes after it was signed (its error `RequestTimeTooSkewed` states 900,000 ms), and DynamoDB up to 5 minutes, so
 * a late write of the first job may still arrive. One more minute is a margin for clocks that differ.
 */
const TAKEOVER_MS = 16 * 60_000

/** Returns true if a job has not ended and its workflow is running, so that its workers may write later. */
export type IsRestoring = (jobId: string) => Promise<boolean>

/** The update that takes a lease. */
const TAKE = 'SET #holder = :job, #expires = :until ADD #epoch :one REMOVE #draining'

/**
 * Manages the leases of all models. Each model has one lease, and only the job that holds this lease may write to the
 * model.
 */
export class Leases {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string, clock?: () => Date) {
    this.#items = new JobTable(client, table, clock)
  }

  /**
   * Takes the leases of all given models for a job. If the job already holds a lease, even a draining lease, takes this
   * lease again with a new epoch. If another job holds one of the leases, releases the leases that this call has taken,
   * and throws `RestoreRunningError`.
   *
   * A lease passes to this job 16 minutes after its expiry, but only if it is draining, or if `isRestoring` returns
   * false for its holder. The workers of a job that cannot renew their lease for hours, for example because they are
   * throttled, thus find the lease again.
   */
  async takeAll(models: readonly string[], jobId: string, isRestoring: IsRestoring): Promise<Lease> {
    const fresh: string[] = []
    try {
      // Every job takes leases in the same order, so that two restores of the same models cannot block each other.
      for (const model of [...models].sort()) if (await this.#take(model, jobId, isRestoring)) fresh.push(model)
    } catch (error) {
      await this.held(fresh, jobId).free()
      throw error
    }
    return this.held(models, jobId)
  }

  /** By default, a job whose lease has expired counts as ended. */
  take(model: string, jobId: string, isRestoring: IsRestoring = () => Promise.resolve(false)): Promise<Lease> {
    return this.takeAll([model], jobId, isRestoring)
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
      () => this.#items.now(),
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
  async #take(model: string, jobId: string, isRestoring: IsRestoring): Promise<boolean> {
    const now = this.#items.now().getTime()
    const absent = 'attribute_not_exists(#holder)'
    const ours = '#holder = :job'
    const drained = 'attribute_exists(#draining) AND #expires <= :abandoned'
    const taken = await this.#takeIf(model, jobId, `${absent} OR ${ours} OR (${drained})`, {
      ':abandoned': { N: `${now - TAKEOVER_MS}` },
    })
    if (taken !== undefined) return taken.holder !== jobId
    const { holder, epoch, expires, draining } = await this.#read(model)
    // The other job released the lease between the two requests.
    if (holder === undefined) return this.#take(model, jobId, isRestoring)
    if (expires + TAKEOVER_MS > now) {
      const until = new Date(expires + TAKEOVER_MS).toISOString()
      const reason = draining
        ? `has failed or was cancelled while it restored model ${model}, and its last writes may still arrive; ` +
          `retry after ${until}`
        : `is restoring model ${model}; retry when that job has ended. Only if it fails, is cancelled or stops, ` +
          `the model stays reserved, at present until ${until}`
      throw new RestoreRunningError(model, holder, until, reason)
    }
    if (await isRestoring(holder)) {
      const reason =
        `is restoring model ${model}; its workers have not renewed their lease since ` +
        `${new Date(expires - LEASE_MS).toISOString()}, for example because they are throttled, but its workflow is ` +
        'running; retry when that job has ended, or cancel it'
      throw new RestoreRunningError(model, holder, new Date(now).toISOString(), reason)
    }
    const unchanged = await this.#takeIf(
      model,
      jobId,
      '#holder = :holder AND #epoch = :epoch AND #expires = :expires',
      {
        ':holder': { S: holder },
        ':epoch': { N: `${epoch}` },
        ':expires': { N: `${expires}` },
      },
    )
    // If a worker has renewed the lease, or another job has taken it, the lease is read again.
    return unchanged === undefined ? this.#take(model, jobId, isRestoring) : true
  }

  /** Takes a lease if its row meets the condition. Returns the former holder, or `undefined` if it does not. */
  async #takeIf(
    model: string,
    jobId: string,
    condition: string,
    values: Item,
  ): Promise<{ readonly holder: string | undefined } | undefined> {
    const former = await this.#items.updateWhere({
      Key: leaseKey(model),
      UpdateExpression: TAKE,
      ConditionExpression: condition,
      ExpressionAttributeNames: { ...NAMES, '#epoch': 'epoch', '#draining': 'draining' },
      ExpressionAttributeValues: {
        ...values,
        ':job': { S: jobId },
        ':until': { N: `${this.#items.now().getTime() + LEASE_MS}` },
        ':one': { N: '1' },
      },
      ReturnValues: 'ALL_OLD',
    })
    return former === undefined ? undefined : { holder: former['holder']?.S }
  }

  async #read(model: string): Promise<LeaseRow> {
    const item = (await this.#items.get(leaseKey(model))) ?? {}
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
    const renewed = await this.#items.updateWhere({
      Key: leaseKey(model),
      UpdateExpression: 'SET #expires = :until',
      ConditionExpression:
        '#holder = :job AND #epoch = :epoch AND attribute_not_exists(#draining) AND #expires < :until',
      ExpressionAttributeNames: { ...NAMES, '#epoch': 'epoch', '#draining': 'draining' },
      ExpressionAttributeValues: {
        ':job': { S: jobId },
        ':epoch': { N: `${epoch}` },
        ':until': { N: `${expires}` },
      },
    })
    return renewed !== undefined
  }

  /** Changes a lease if the job holds it. Otherwise does nothing. */
  async #updateOwn(model: string, jobId: string, update: string, values: Item = {}): Promise<void> {
    await this.#items.updateWhere({
      Key: leaseKey(model),
      UpdateExpression: update,
      ConditionExpression: '#holder = :job',
      ExpressionAttributeNames: { '#holder': 'holder', '#draining': 'draining' },
      ExpressionAttributeValues: { ...values, ':job': { S: jobId } },
    })
  }
}

/**
 * The expiry is stored in `lease_until`. It is not stored in `expires`, because DynamoDB would delete the item, and the
 * epoch would begin at 1 again.
 */
const NAMES = { '#holder': 'holder', '#expires': 'lease_until' }

const leaseKey = (model: string): Item => keyAttributes({ pk: `lease#${model}`, sk: 'lease' })
