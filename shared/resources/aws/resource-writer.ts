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
  /** Awaited before each request: a restore's lease. What it throws fails the write. */
  readonly guard?: () => Promise<void>
  /** How an unprocessed item is waited for, in ms (tests make it short). */
  readonly delay?: (ms: number) => Promise<void>
}

/** DynamoDB's limit on one BatchWriteItem. */
const BATCH_WRITE = 25
/** Eight batches and as many sockets: a worker's 2,000 writes a second. */
const PARALLEL_BATCHES = 8
/** Conditional writes go one by one: more of them at once. */
const PARALLEL_CONDITIONAL = 48
/** Items that wait or travel. */
const MAX_BYTES = 4 * 1024 * 1024

/** Errors that say «later»: the SDK has tried a few times by then, the writer goes on trying. */
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

/** Writes items and waits until they are durable, however often DynamoDB puts it off. Memory is bounded: `put` waits. */
export class ResourceWriter {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #guard: () => Promise<void>
  readonly #delay: (ms: number) => Promise<void>
  readonly #conditional = pLimit(PARALLEL_CONDITIONAL)
  readonly #queue: Operation[] = []
  /** The last operation of each key: the next one waits for it, so no batch names a key twice and order holds. */
  readonly #byKey = new Map<string, Promise<void>>()
  readonly #waiting: { readonly bytes: number; readonly go: () => void }[] = []
  #bytes = 0
  #batches = 0
  #flushing = false

  constructor(client: DynamoDBClient, table: string, { guard, delay }: WriterOptions = {}) {
    this.#client = client
    this.#table = table
    this.#guard = guard ?? (() => Promise.resolve())
    this.#delay = delay ?? ((ms) => sleep(ms))
  }

  /** Writes an item over whatever stood there. Resolves when it is durable. */
  put(item: Item): Promise<void> {
    return this.#enqueue(nameOf(keyOf(item)), { PutRequest: { Item: item } }, itemBytes(item))
  }

  /** Deletes an item; one that is not there counts as deleted. */
  remove(key: Key): Promise<void> {
    return this.#enqueue(nameOf(key), { DeleteRequest: { Key: keyAttributes(key) } }, key.pk.length + key.sk.length)
  }

  /** Writes an item where none stands. `exists` may also be this very write, when its first answer was lost. */
  async putIfAbsent(item: Item): Promise<'written' | 'exists'> {
    const bytes = itemBytes(item)
    await this.#room(bytes)
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
      this.#leave(bytes)
    }
  }

  /** Deletes an item that this job has written and nobody since. False where it stays (or is not there). */
  removeIfOurs(key: Key, jobId: string): Promise<boolean> {
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

  /** Waits until nothing is under way. Failures are those of the single writes: they are not thrown again here. */
  async drain(): Promise<void> {
    while (this.#byKey.size > 0 || this.#conditional.activeCount + this.#conditional.pendingCount > 0) {
      await Promise.allSettled(this.#byKey.values())
      if (this.#conditional.activeCount + this.#conditional.pendingCount > 0) await sleep(5)
    }
  }

  /** False where the condition does not hold. */
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
    const before = this.#byKey.get(key)
    const done = this.#write(before, key, request, bytes)
    this.#byKey.set(key, done)
    const forget = (): void => {
      if (this.#byKey.get(key) === done) this.#byKey.delete(key)
    }
    done.then(forget, forget)
    return done
  }

  async #write(before: Promise<void> | undefined, key: string, request: WriteRequest, bytes: number): Promise<void> {
    await before?.catch(() => undefined)
    await this.#room(bytes)
    try {
      await new Promise<void>((resolve, reject) => {
        this.#queue.push({ key, request, bytes, resolve, reject })
        this.#flush()
      })
    } finally {
      this.#leave(bytes)
    }
  }

  /** Full batches leave at once; what is left over leaves when the caller pauses. */
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

  /** Sends a batch until DynamoDB has taken all of it. */
  async #sendBatch(batch: readonly Operation[]): Promise<void> {
    let open = new Map(batch.map((operation) => [operation.key, operation]))
    for (let attempt = 1; ; attempt++) {
      await this.#guard()
      const left = await this.#sendOnce([...open.values()])
      const still = new Map<string, Operation>()
      for (const request of left) {
        const key = nameOf(keyOf(request.PutRequest?.Item ?? request.DeleteRequest?.Key ?? {}))
        const operation = open.get(key)
        if (operation === undefined) throw new Error('DynamoDB left an item over that was not in the batch')
        still.set(key, operation)
      }
      for (const [key, { resolve }] of open) if (!still.has(key)) resolve()
      if (still.size === 0) return
      open = still
      await this.#delay(backoffMs(attempt))
    }
  }

  /** What DynamoDB did not take. */
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

  /** Waits for room; whoever came first is let in first. One item is always let in. */
  async #room(bytes: number): Promise<void> {
    if (this.#waiting.length === 0 && (this.#bytes === 0 || this.#bytes + bytes <= MAX_BYTES)) {
      this.#bytes += bytes
      return
    }
    await new Promise<void>((go) => this.#waiting.push({ bytes, go }))
  }

  #leave(bytes: number): void {
    this.#bytes -= bytes
    for (;;) {
      const next = this.#waiting[0]
      if (next === undefined || (this.#bytes > 0 && this.#bytes + next.bytes > MAX_BYTES)) return
      this.#waiting.shift()
      this.#bytes += next.bytes
      next.go()
    }
  }
}

const nameOf = ({ pk, sk }: Key): string => `${pk}\n${sk}`

const isThrottled = (error: unknown): boolean => error instanceof Error && THROTTLED.includes(error.name)
