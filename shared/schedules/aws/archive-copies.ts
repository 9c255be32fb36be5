import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { JobTable } from '../../jobs/aws/job-table.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { ArchiveCopy } from '../archive-copy.ts'

/** Stores the states of the copies of scheduled archives in the job table. The items do not expire. */
export class ArchiveCopies {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /** Returns the states of all copies of a schedule. */
  async list(schedule: string): Promise<ArchiveCopy[]> {
    const copies: ArchiveCopy[] = []
    for await (const page of this.#items.queryPrefix(partition(schedule), 'copy')) copies.push(...page.map(copyIn))
    return copies
  }

  /** Returns the state of the copy of an archive, or `undefined` if no run has seen the archive. */
  async get(schedule: string, archive: string): Promise<ArchiveCopy | undefined> {
    const item = await this.#items.get(copyKey(schedule, archive))
    return item === undefined ? undefined : copyIn(item)
  }

  /** Stores the state of a copy. Replaces the earlier state. */
  async put(schedule: string, copy: ArchiveCopy): Promise<void> {
    await this.#items.put({ ...copyKey(schedule, copy.archive), record: { S: JSON.stringify(copy) } })
  }

  async delete(schedule: string, { archive }: Pick<ArchiveCopy, 'archive'>): Promise<void> {
    await this.#items.delete(copyKey(schedule, archive))
  }
}

const partition = (schedule: string): string => `schedule#${schedule}`

const copyKey = (schedule: string, archive: string): Item =>
  keyAttributes({ pk: partition(schedule), sk: `copy#${archive}` })

const copyIn = (item: Item): ArchiveCopy => ArchiveCopy.parse(JSON.parse(item['record']?.S ?? 'null'))
