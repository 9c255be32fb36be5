import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { JobTable } from '../../jobs/aws/job-table.ts'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import {
  ARCHIVE_STATES,
  ArchiveJudgement,
  type ArchiveState,
  type DecidedJudgement,
  newestFirst,
} from '../archive-judgement.ts'

/** The numbers of judgements that `newest` reads with one query. */
const FIRST_PAGE = 10
const FURTHER_PAGES = 500

/** A decision about a suspicious archive. */
type Decision = Pick<DecidedJudgement, 'state' | 'decided'>

/** Stores the judgements of scheduled archives in the job table. The items do not expire. */
export class ArchiveJudgements {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /** Returns the judgements of a schedule, newest first. */
  async list(schedule: string): Promise<ArchiveJudgement[]> {
    const judgements: ArchiveJudgement[] = []
    for await (const page of this.#items.queryPrefix(partition(schedule), 'archive'))
      judgements.push(...page.map(judgementIn))
    return judgements.sort(newestFirst)
  }

  /** Returns the states of archives, by their keys. Archives without a judgement are absent. */
  async states(
    archives: readonly { readonly schedule: string; readonly key: string }[],
  ): Promise<ReadonlyMap<string, ArchiveState>> {
    const keys = archives.map(({ schedule, key }) => ({ pk: partition(schedule), sk: `archive#${key}` }))
    const items = await this.#items.find(keys, ['sk', 'state'])
    const states = items.flatMap((item): [string, ArchiveState][] => {
      const state = ARCHIVE_STATES.find((one) => one === item['state']?.S)
      return state === undefined ? [] : [[sortKeyOf(item).slice('archive#'.length), state]]
    })
    return new Map(states)
  }

  /**
   * Yields the judgements of a schedule, newest first, without reading all of them. The first page is small, because
   * most callers need only the newest judgements.
   */
  async *newest(schedule: string): AsyncGenerator<ArchiveJudgement> {
    // `$` is the character after `#`. The keys of archives begin with the day of the due time, and end with this time.
    let before = 'archive$'
    for (let limit = FIRST_PAGE; ; limit = FURTHER_PAGES) {
      const { items, next } = await this.#items.queryBackwards(partition(schedule), { limit, before })
      for (const item of items) {
        before = sortKeyOf(item)
        if (!before.startsWith('archive#')) return
        yield judgementIn(item)
      }
      if (next === undefined) return
    }
  }

  /**
   * Stores the judgement of an archive and returns true. If a judgement is already stored, keeps it and returns false.
   */
  keep(schedule: string, judgement: ArchiveJudgement): Promise<boolean> {
    return this.#items.putAbsent({ ...judgementKey(schedule, judgement.key), ...attributesOf(judgement) })
  }

  /** Stores a decision and returns true. If the archive is no longer suspicious, stores nothing and returns false. */
  async decide(schedule: string, judgement: ArchiveJudgement, decision: Decision): Promise<boolean> {
    const { state, record } = attributesOf({ ...judgement, ...decision })
    const decided = await this.#items.updateWhere({
      Key: judgementKey(schedule, judgement.key),
      UpdateExpression: 'SET #state = :state, #record = :record',
      ConditionExpression: '#state = :suspicious',
      ExpressionAttributeNames: { '#state': 'state', '#record': 'record' },
      ExpressionAttributeValues: { ':state': state, ':record': record, ':suspicious': { S: 'suspicious' } },
    })
    return decided !== undefined
  }

  async delete(schedule: string, { key }: ArchiveJudgement): Promise<void> {
    await this.#items.delete(judgementKey(schedule, key))
  }
}

const partition = (schedule: string): string => `schedule#${schedule}`

const judgementKey = (schedule: string, key: string): Item =>
  keyAttributes({ pk: partition(schedule), sk: `archive#${key}` })

/** `state` is also a separate attribute, because the condition of `decide` reads it. */
const attributesOf = (judgement: ArchiveJudgement): Record<'state' | 'record', { S: string }> => ({
  state: { S: judgement.state },
  record: { S: JSON.stringify(judgement) },
})

const judgementIn = (item: Item): ArchiveJudgement => ArchiveJudgement.parse(JSON.parse(item['record']?.S ?? 'null'))
