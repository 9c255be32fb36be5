import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { queryPages } from '../../tables/aws/query.ts'
import { keyAttributes } from '../../tables/item.ts'
import type { LimitedKind } from '../errors.ts'

const PARTITIONS = { 'running jobs': 'jobs#starting', slots: 'jobs#opening' } as const satisfies Record<
  LimitedKind,
  string
>
/** Creating a job takes well under a second. A reservation whose process died counts no longer than this. */
const VALID_MS = 60_000
const KEPT_SECONDS = 3_600

/** Counts a job that is about to be created. */
export interface Reservation {
  release(): Promise<void>
}

/** Reservations for jobs that are about to be created: concurrent requests count each other before their jobs exist. */
export class Reservations {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  /** Adds a reservation. Once this resolves, every `count` includes it until it is released. */
  async reserve(kind: LimitedKind): Promise<Reservation> {
    const key = keyAttributes({ pk: PARTITIONS[kind], sk: `${this.#clock().toISOString()}#${randomUUID()}` })
    const expires = Math.floor(this.#clock().getTime() / 1000) + KEPT_SECONDS
    await this.#client.send(
      new PutItemCommand({ TableName: this.#table, Item: { ...key, expires: { N: expires.toString() } } }),
    )
    return {
      release: async () => {
        await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: key }))
      },
    }
  }

  /** The number of valid reservations, the caller's own included. */
  async count(kind: LimitedKind): Promise<number> {
    const since = new Date(this.#clock().getTime() - VALID_MS).toISOString()
    let reservations = 0
    for await (const page of queryPages(this.#client, this.#table, [PARTITIONS[kind]], {
      fromSk: since,
      toSk: '\u{10ffff}',
    }))
      reservations += page.length
    return reservations
  }
}
