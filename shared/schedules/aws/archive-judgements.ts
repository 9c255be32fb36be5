import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { queryPages } from '../../tables/aws/query.ts'
import { type Item, keyAttributes } from '../../tables/item.ts'
import { ArchiveJudgement, type DecidedJudgement, newestFirst } from '../archive-judgement.ts'

/** A decision about a suspicious archive. */
type Decision = Pick<DecidedJudgement, 'state' | 'decided'>

/** Stores the judgements of scheduled archives in the job table. The items do not expire. */
export class ArchiveJudgements {
  readonly #client: DynamoDBClient
  readonly #table: string

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client
    this.#table = table
  }

  /** Returns the judgements of a schedule, newest first. */
  async list(schedule: string): Promise<ArchiveJudgement[]> {
    const judgements: ArchiveJudgement[] = []
    // `$` is the character after `#`, so the range contains every sort key that begins with `archive#`.
    const range = { pk: partition(schedule), fromSk: 'archive#', toSk: 'archive$' }
    for await (const page of queryPages(this.#client, this.#table, [range])) judgements.push(...page.map(judgementIn))
    return judgements.sort(newestFirst)
  }

  /**
   * Stores the judgement of an archive and returns true. If a judgement is already stored, keeps it and returns false.
   */
  keep(schedule: string, judgement: ArchiveJudgement): Promise<boolean> {
    return this.#unlessConditionFails(
      new PutItemCommand({
        TableName: this.#table,
        Item: { ...judgementKey(schedule, judgement.key), ...attributesOf(judgement) },
        ConditionExpression: 'attribute_not_exists(#pk)',
        ExpressionAttributeNames: { '#pk': 'pk' },
      }),
    )
  }

  /** Stores a decision and returns true. If the archive is no longer suspicious, stores nothing and returns false. */
  decide(schedule: string, judgement: ArchiveJudgement, decision: Decision): Promise<boolean> {
    const { state, record: content } = attributesOf({ ...judgement, ...decision })
    return this.#unlessConditionFails(
      new UpdateItemCommand({
        TableName: this.#table,
        Key: judgementKey(schedule, judgement.key),
        UpdateExpression: 'SET #state = :state, #record = :record',
        ConditionExpression: '#state = :suspicious',
        ExpressionAttributeNames: { '#state': 'state', '#record': 'record' },
        ExpressionAttributeValues: { ':state': state, ':record': content, ':suspicious': { S: 'suspicious' } },
      }),
    )
  }

  async delete(schedule: string, { key }: ArchiveJudgement): Promise<void> {
    await this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: judgementKey(schedule, key) }))
  }

  async #unlessConditionFails(command: PutItemCommand | UpdateItemCommand): Promise<boolean> {
    try {
      await (command instanceof PutItemCommand ? this.#client.send(command) : this.#client.send(command))
      return true
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false
      throw error
    }
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
