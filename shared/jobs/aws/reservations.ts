import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { queryPages } from '../../tables/aws/query.ts'
import { keyAttributes } from '../../tables/item.ts'
import type { LimitedKind } from '../errors.ts'

/** An upload has a reservation of a running job, because it counts as a running job until it must wait. */
const PARTITIONS = {
  'running jobs': 'jobs#starting',
  slots: 'jobs#opening',
  'queued uploads': 'jobs#starting',
} as const satisfies Record<LimitedKind, string>
/**
 * How long a reservation counts if it is not released, for example because its process was killed. A minute is long
 * enough, because creating a job takes less than a second.
 */
const VALID_MS = 60_000
/** The time after which DynamoDB deletes a reservation that was never released. Such a reservation no longer counts. */
const KEPT_SECONDS = 3_600

/** A reservation that counts as one job until it is released. */
export interface Reservation {
  release(): Promise<void>
}

/**
 * Stores a reservation for each job that is about to be created, so that concurrent requests can count these jobs too.
 */
export class Reservations {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  /** Adds a reservation. After the promise resolves, every `count` includes the reservation until it is released. */
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

  /** Returns the number of valid reservations, including the reservation of the caller. */
  async count(kind: LimitedKind): Promise<number> {
    const since = new Date(this.#clock().getTime() - VALID_MS).toISOString()
    let reservations = 0
    const range = { pk: PARTITIONS[kind], fromSk: since, toSk: '\u{10ffff}' }
    for await (const page of queryPages(this.#client, this.#table, [range])) reservations += page.length
    return reservations
  }
}
