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
import { withGuard } from '../../throttling/call-context.ts'
import { UnprocessedBackoff } from '../../throttling/unprocessed.ts'
import { type Item, type Key, keyAttributes, keyOf } from '../../tables/item.ts'
import { itemBytes } from '../item-size.ts'

export interface WriterOptions {
  /**
   * Called before each attempt of a request to DynamoDB, for example to check a lease. If the function throws, the
   * attempt is not sent, and all writes of the request fail with the thrown error.
   */
  readonly guard?: () => Promise<void>
  /** Waits before unprocessed items are sent again. Tests replace the function to save time. */
  readonly delay?: (ms: number) => Promise<void>
}

/** DynamoDB's limit on the number of items in one `BatchWriteItem` request. */
const BATCH_WRITE = 25
/**
 * The number of batches that are sent at the same time. Eight batches are enough for 2,000 writes per second, which is
 * the most that one worker writes.
 */
const PARALLEL_BATCHES = 8
/**
 * While more batches than this number are being sent, a batch that is not full waits for further items. Full batches
 * need a quarter fewer requests. A batch that DynamoDB throttles thus delays the other items only if a second one is
 * throttled too.
 */
const BUSY_BATCHES = 1
/**
 * The number of conditional writes that are sent at the same time. Each conditional write is a request, because
 * DynamoDB does not support conditions in batches. With a latency of 10 ms, 24 requests are 2,400 writes per second,
 * and a worker has no CPU time for more. Each request in flight takes about 200 KB, so more of them would also take
 * more CPU time for garbage collection.
 */
const PARALLEL_CONDITIONAL = 24
/**
 * The limit on the total size of the items that are queued or being written, in bytes. It limits the memory of the
 * writer.
 */
const MAX_BYTES = 8 * 1024 * 1024

interface Operation {
  readonly key: string
  readonly request: WriteRequest
  readonly bytes: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/**
 * Writes items in batches. Throttled requests and unprocessed items are sent again until the budget of the context is
 * used up (`call-context.ts`). The writes then fail with `ThrottledError`. If the items in
 * memory reach a limit, a new write waits until other writes have ended. Unconditional writes of the same key keep
 * their order.
 */
export class ResourceWriter {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #guard: () => Promise<void>
  readonly #delay: ((ms: number) => Promise<void>) | undefined
  readonly #conditional = pLimit(PARALLEL_CONDITIONAL)
  readonly #queue: Operation[] = []
  /**
   * The last unconditional write of each key. The next write of the same key waits until this write has ended, because
   * DynamoDB rejects a batch that contains a key twice.
   */
  readonly #lastWrites = new Map<string, Promise<void>>()
  readonly #waiting: { readonly bytes: number; readonly resume: () => void }[] = []
  /** The callers of `room` that wait. */
  #waitingForRoom: (() => void)[] = []
  #bytes = 0
  #batches = 0
  #flushing = false

  constructor(client: DynamoDBClient, table: string, { guard, delay }: WriterOptions = {}) {
    this.#client = client
    this.#table = table
    this.#guard = guard ?? (() => Promise.resolve())
    this.#delay = delay
  }

  /**
   * Writes an item. If an item with the same key exists, it is replaced. Resolves when DynamoDB has stored the item.
   */
  put(item: Item): Promise<void> {
    return this.#enqueue(nameOf(keyOf(item)), { PutRequest: { Item: item } }, itemBytes(item))
  }

  /** Deletes an item if it exists. */
  remove(key: Key): Promise<void> {
    return this.#enqueue(nameOf(key), { DeleteRequest: { Key: keyAttributes(key) } }, key.pk.length + key.sk.length)
  }

  /**
   * Writes an item if no item with the same key exists. Otherwise returns `exists`. If the response to a request is
   * lost, the SDK repeats the request. The result can then be `exists` although this call has written the item.
   */
  async putIfAbsent(item: Item): Promise<'written' | 'exists'> {
    const bytes = itemBytes(item)
    await this.#reserve(bytes)
    try {
      const put = new PutItemCommand({
        TableName: this.#table,
        Item: item,
        ConditionExpression: 'attribute_not_exists(#pk)',
        ExpressionAttributeNames: { '#pk': 'pk' },
      })
      const written = await this.#conditionally(() => withGuard(this.#guard, () => this.#client.send(put)))
      return written ? 'written' : 'exists'
    } finally {
      this.#release(bytes)
    }
  }

  /** Deletes an item if its `applied_by` is `jobId`. Returns true if the item was deleted. */
  removeIfAppliedBy(key: Key, jobId: string): Promise<boolean> {
    const remove = new DeleteItemCommand({
      TableName: this.#table,
      Key: keyAttributes(key),
      ConditionExpression: '#by = :job',
      ExpressionAttributeNames: { '#by': 'applied_by' },
      ExpressionAttributeValues: { ':job': { S: jobId } },
    })
    return this.#conditionally(() => withGuard(this.#guard, () => this.#client.send(remove)))
  }

  /**
   * Waits until all writes have ended. Does not throw if a write fails, because the caller of that write receives the
   * error.
   */
  async drain(): Promise<void> {
    while (this.#lastWrites.size > 0 || this.#conditional.activeCount + this.#conditional.pendingCount > 0) {
      await Promise.allSettled(this.#lastWrites.values())
      if (this.#conditional.activeCount + this.#conditional.pendingCount > 0) await sleep(5)
    }
  }

  /**
   * Waits until no write waits for memory. A caller that waits before it creates each item holds at most one item more
   * than the writer.
   */
  async room(): Promise<void> {
    if (this.#waiting.length > 0) await new Promise<void>((resume) => this.#waitingForRoom.push(resume))
  }

  /**
   * Sends a conditional write. Returns true if the item was written or deleted, and false if the condition was not met.
   */
  #conditionally(send: () => Promise<unknown>): Promise<boolean> {
    return this.#conditional(async () => {
      try {
        await send()
        return true
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false
        throw error
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

  /**
   * Sends full batches immediately. Sends the remaining items when the current turn of the event loop ends, unless so
   * many batches are being sent that further items will soon fill the batch.
   */
  #flush(): void {
    while (this.#queue.length >= BATCH_WRITE && this.#batches < PARALLEL_BATCHES) this.#send()
    if (this.#flushing || this.#queue.length === 0) return
    this.#flushing = true
    setImmediate(() => {
      this.#flushing = false
      while (this.#queue.length >= BATCH_WRITE && this.#batches < PARALLEL_BATCHES) this.#send()
      if (this.#queue.length > 0 && this.#batches <= BUSY_BATCHES) this.#send()
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

  /** Sends a batch, and sends its unprocessed items again until DynamoDB has processed all items. */
  async #sendBatch(batch: readonly Operation[]): Promise<void> {
    const call = { service: 'DynamoDB', operation: 'BatchWriteItem', target: `table ${this.#table}` }
    const backoff = new UnprocessedBackoff(call, this.#delay)
    let open = new Map(batch.map((operation) => [operation.key, operation]))
    for (;;) {
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
      await backoff.next(remaining.size < open.size)
      open = remaining
    }
  }

  /** Sends a batch once. Returns the writes that DynamoDB did not process. */
  async #sendOnce(operations: readonly Operation[]): Promise<readonly WriteRequest[]> {
    const write = new BatchWriteItemCommand({
      RequestItems: { [this.#table]: operations.map(({ request }) => request) },
    })
    const { UnprocessedItems } = await withGuard(this.#guard, () => this.#client.send(write))
    return UnprocessedItems?.[this.#table] ?? []
  }

  /**
   * Reserves memory for an item. If the limit would be exceeded, waits until other writes release their memory. The
   * calls are served in order. If no memory is reserved, an item of any size is accepted.
   */
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
      if (next === undefined) {
        for (const resume of this.#waitingForRoom) resume()
        this.#waitingForRoom = []
        return
      }
      if (this.#bytes > 0 && this.#bytes + next.bytes > MAX_BYTES) return
      this.#waiting.shift()
      this.#bytes += next.bytes
      next.resume()
    }
  }
}

const nameOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`
