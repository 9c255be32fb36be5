import { DeleteItemCommand, type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { queryPages } from '../../tables/aws/query.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { ArchiveCopy } from '../archive-copy.ts'

/** Stores the states of the copies of scheduled archives in the job table. The items do not expire. */
export class ArchiveCopies {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /** Returns the states of all copies of a schedule. */
  async list(schedule: string): Promise<ArchiveCopy[]> {
    const copies: ArchiveCopy[] = []
    // `$` is the character after `#`, so the range contains every sort key that begins with `copy#`.
    const range = { pk: partition(schedule), fromSk: 'copy#', toSk: 'copy$' }
    for await (const page of queryPages(this.#client, this.#table, [range])) copies.push(...page.map(copyIn))
    return copies
  }

  /** Returns the state of the copy of an archive, or `undefined` if no run has seen the archive. */
  async get(schedule: string, archive: string): Promise<ArchiveCopy | undefined> {
    const { Item: item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: copyKey(schedule, archive), ConsistentRead: true }),
    )
    return item === undefined ? undefined : copyIn(item)
  }

  /** Stores the state of a copy. Replaces the earlier state. */
  async put(schedule: string, copy: ArchiveCopy): Promise<void> {
    const item = { ...copyKey(schedule, copy.archive), record: { S: JSON.stringify(copy) } }
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item: item }))
  }

  async delete(schedule: string, { archive }: ArchiveCopy): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: copyKey(schedule, archive) }))
  }
}

const partition = (schedule: string): string => `schedule#${schedule}`

const copyKey = (schedule: string, archive: string): Item =>
  keyAttributes({ pk: partition(schedule), sk: `copy#${archive}` })

const copyIn = (item: Item): ArchiveCopy => ArchiveCopy.parse(JSON.parse(item['record']?.S ?? 'null'))
