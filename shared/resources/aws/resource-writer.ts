import {
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  type WriteRequest,
} from '@aws-sdk/client-dynamodb'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { type Item, type Key, keyAttributes, keyOf } from '../../tables/item.ts'
import { itemBytes } from '../item-size.ts'
import { backoffMs } from '../../tables/aws/query.ts'

export interface WriterOptions {
  /**
   * Called before each request, for example to check a lease. If it throws, the writes of the request fail with its
   * error.
   */
  readonly guard?: () => Promise<void>
  /** Waits before items that DynamoDB did not process are sent again. Tests replace it to save time. */
  readonly delay?: (ms: number) => Promise<void>
}

/** DynamoDB's limit on one BatchWriteItem. */
const BATCH_WRITE = 25
/** Eight batches at a time are enough for the 2,000 writes a second of one worker, and need eight sockets. */
const PARALLEL_BATCHES = 8
/** DynamoDB has no batches of conditional writes, so more of them are sent at the same time. */
const PARALLEL_CONDITIONAL = 48
/** Memory limit for items that are queued or being written. */
const MAX_BYTES = 4 * 1024 * 1024

/** Errors after which the writer repeats the request. The SDK has already repeated it a few times. */
const THROTTLED = [
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'LimitExceededException',
]

interface Operation {
  readonly key: string
  readonly request: WriteRequest
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes items in batches. Throttled requests and unprocessed items are repeated without a limit. Memory is bounded: a
 * write waits until there is room for its item. Writes of the same key keep their order.
 */
export class ResourceWriter {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #guard: () => Promise<void>
  readonly #delay: (ms: number) => Promise<void>
  readonly #conditional = pLimit(PARALLEL_CONDITIONAL)
  readonly #queue: Operation[] = []
  /**
   * The last write of each key. The next write of the key waits for it, because a batch must not contain a key twice.
   */
  readonly #lastWrites = new Map<string, Promise<void>>()
  readonly #waiting: { readonly bytes: number; readonly resume: () => void }[] = []
  #bytes = 0
  #batches = 0
  #flushing = false

  constructor(client: DynamoDBClient, table: string, { guard, delay }: WriterOptions = {}) {
    this.#client = client
    this.#table = table
    this.#guard = guard ?? (() => Promise.resolve())
    this.#delay = delay ?? ((ms) => sleep(ms))
  }

  /** Writes an item or replaces it. Resolves when the item is durable. */
  put(item: Item): Promise<void> {
    return this.#enqueue(nameOf(keyOf(item)), { PutRequest: { Item: item } }, itemBytes(item))
  }

  /** Deletes an item if it exists. */
  remove(key: Key): Promise<void> {
    return this.#enqueue(nameOf(key), { DeleteRequest: { Key: keyAttributes(key) } }, key.pk.length + key.sk.length)
  }

  /**
   * Writes an item unless the key has one. The existing item can be the one of this call, if the answer to the first
   * request was lost.
   */
  async putIfAbsent(item: Item): Promise<'written' | 'exists'> {
    const bytes = itemBytes(item)
    await this.#reserve(bytes)
    try {
      const written = await this.#conditionally(() =>
        this.#client.send(
          new PutItemCommand({
            TableName: this.#table,
            Item: item,
            ConditionExpression: 'attribute_not_exists(#pk)',
            ExpressionAttributeNames: { '#pk': 'pk' },
          }),
        ),
      )
      return written ? 'written' : 'exists'
    } finally {
      this.#release(bytes)
    }
  }

  /** Deletes an item if its `applied_by` is this job. Returns whether it did. */
  removeIfAppliedBy(key: Key, jobId: string): Promise<boolean> {
    return this.#conditionally(() =>
      this.#client.send(
        new DeleteItemCommand({
          TableName: this.#table,
          Key: keyAttributes(key),
          ConditionExpression: '#by = :job',
          ExpressionAttributeNames: { '#by': 'applied_by' },
          ExpressionAttributeValues: { ':job': { S: jobId } },
        }),
      ),
    )
  }

  /** Waits until all writes have ended. Does not throw: each failed write has rejected its own promise. */
  async drain(): Promise<void> {
    while (this.#lastWrites.size > 0 || this.#conditional.activeCount + this.#conditional.pendingCount > 0) {
      await Promise.allSettled(this.#lastWrites.values())
      if (this.#conditional.activeCount + this.#conditional.pendingCount > 0) await sleep(5)
    }
  }

  /** Sends a conditional write. False if the condition does not hold. */
  #conditionally(send: () => Promise<unknown>): Promise<boolean> {
    return this.#conditional(async () => {
      for (let attempt = 1; ; attempt++) {
        await this.#guard()
        try {
          await send()
          return true
        } catch (error) {
          if (error instanceof ConditionalCheckFailedException) return false
          if (!isThrottled(error)) throw error
          await this.#delay(backoffMs(attempt))
        }
      }
    })
  }

  #enqueue(key: string, request: WriteRequest, bytes: number): Promise<void> {
    const before = this.#lastWrites.get(key)
    const done = this.#write(before, key, request, bytes)
    this.#lastWrites.set(key, done)
    const forget = (): void => {
      if (this.#lastWrites.get(key) === done) this.#lastWrites.delete(key)
    }
    done.then(forget, forget)
    return done
  }

  async #write(before: Promise<void> | undefined, key: string, request: WriteRequest, bytes: number): Promise<void> {
    await before?.catch(() => undefined)
    await this.#reserve(bytes)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#queue.push({ key, request, bytes, resolve, reject })
        this.#flush()
      })
    } finally {
      this.#release(bytes)
    }
  }

  /** Sends full batches immediately, and the remaining items when the caller yields to the event loop. */
  #flush(): void {
    while (this.#queue.length >= BATCH_WRITE && this.#batches < PARALLEL_BATCHES) this.#send()
    if (this.#flushing || this.#queue.length === 0) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      while (this.#queue.length > 0 && this.#batches < PARALLEL_BATCHES) this.#send()
    })
  }

  #send(): void {
    const batch = this.#queue.splice(0, BATCH_WRITE)
    this.#batches += 1
    void this.#sendBatch(batch)
      .catch((error: unknown) => {
        for (const { reject } of batch) reject(error)
      })
      .finally(() => {
        this.#batches -= 1
        this.#flush()
      })
  }

  /** Sends a batch until DynamoDB has processed all of it. */
  async #sendBatch(batch: readonly Operation[]): Promise<void> {
    let open = new Map(batch.map((operation) => [operation.key, operation]))
    for (let attempt = 1; ; attempt++) {
      await this.#guard()
      const unprocessed = await this.#sendOnce([...open.values()])
      const remaining = new Map<string, Operation>()
      for (const request of unprocessed) {
        const key = nameOf(keyOf(request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {}))
        const operation = open.get(key)
        if (operation === undefined) throw new Error('DynamoDB returned an unprocessed item that was not in the batch')
        remaining.set(key, operation)
      }
      for (const [key, { resolve }] of open) if (!remaining.has(key)) resolve()
      if (remaining.size === 0) return
      open = remaining
      await this.#delay(backoffMs(attempt))
    }
  }

  /** Returns the requests that DynamoDB did not process. */
  async #sendOnce(operations: readonly Operation[]): Promise<readonly WriteRequest[]> {
    try {
      const { UnprocessedItems } = await this.#client.send(
        new BatchWriteItemCommand({ RequestItems: { [this.#table]: operations.map(({ request }) => request) } }),
      )
      return UnprocessedItems?.[this.#table] ?? []
    } catch (error) {
      if (isThrottled(error)) return operations.map(({ request }) => request)
      throw error
    }
  }

  /** Waits until the memory limit permits an item, in the order of the calls. A single item is always permitted. */
  async #reserve(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && (this.#bytes === 0 || this.#bytes + bytes <= MAX_BYTES)) {
      this.#bytes += bytes
      return
    }
    await new Promise<void>((resume) => this.#waiting.push({ bytes, resume }))
  }

  #release(bytes: number): void {
    this.#bytes -= bytes
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || (this.#bytes > 0 && this.#bytes + next.bytes > MAX_BYTES)) return
      this.#waiting.shift()
      this.#bytes += next.bytes
      next.resume()
    }
  }
}

const nameOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`

const isThrottled = (error: unknown): boolean => error instanceof Error && THROTTLED.includes(error.name)
