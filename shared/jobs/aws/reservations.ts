import { DeleteItemCommand, type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { randomUUID } from 'node:crypto'
import { queryPages } from '../../tables/aws/query.ts'
import { keyAttributes } from '../../tables/item.ts'
import type { Bounded } from '../errors.ts'

/** Whoever is about to make a job: seen by all who are about to as well, before the job is there to be counted. */
const PARTITIONS = { 'running jobs': 'jobs#starting', slots: 'jobs#opening' } as const satisfies Record<Bounded, string>
/** Making a job takes well under a second; one whose process died at it counts no longer than this. */
const COUNTED_MS = 60_000
const KEPT_SECONDS = 3_600

/** A place among those who start a job at this moment. */
export interface Reservation {
  leave(): Promise<void>
}

/** Those who start jobs at this moment. */
export class Reservations {
  readonly #client: DynamoDBClient
  readonly #table: string
  readonly #clock: () => Date

  constructor(client: DynamoDBClient, table: string, clock: () => Date) {
    this.#client = client
    this.#table = table
    this.#clock = clock
  }

  /** From when this resolves, whoever counts sees the place, until it is left. */
  async enter(as: Bounded): Promise<Reservation> {
    const key = keyAttributes({ pk: PARTITIONS[as], sk: `${this.#clock().toISOString()}#${randomUUID()}` })
    const expires = Math.floor(this.#clock().getTime() / 1000) + KEPT_SECONDS
    await this.#client.send(
      new PutItemCommand({ TableName: this.#table, Item: { ...key, expires: { N: expires.toString() } } }),
    )
    return {
      leave: async () => {
        await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: key }))
      },
    }
  }

  /** Places that have not been left, the caller's own among them. */
  async count(as: Bounded): Promise<number> {
    const since = new Date(this.#clock().getTime() - COUNTED_MS).toISOString()
    let places = 0
    for await (const page of queryPages(this.#client, this.#table, [PARTITIONS[as]], {
      fromSk: since,
      toSk: '\u{10ffff}',
    }))
      places += page.length
    return places
  }
}
