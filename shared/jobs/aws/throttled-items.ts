import { type Item, keyAttributes } from '../../tables/item.ts'
import type { ThrottledAttempts } from '../../throttling/throttled-calls.ts'
import { expiresAttribute } from './job-item.ts'
import type { ItemUpdate, JobTable } from './job-table.ts'

/**
 * The time after its last throttled attempt for which an operation counts as throttled. Workers store throttled
 * attempts every 30 seconds.
 */
const RECENT_MS = 120_000

const PREFIX = 'throttled'

/** Stores which calls of the workers of a job were throttled. There is one item for each operation of each target. */
export class ThrottledItems {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /** Adds throttled attempts to those of other workers. If the last ones are not recent, replaces them. */
  async add(jobId: string, attempts: readonly ThrottledAttempts[]): Promise<void> {
    for (const each of attempts) {
      const added = await this.#items.updateWhere(
        this.#updateOf(
          jobId,
          each,
          'SET last_at = :last, since = if_not_exists(since, :since), #expires = :expires ADD attempts :attempts',
          'attribute_not_exists(last_at) OR last_at >= :recent',
        ),
      )
      if (added !== undefined) continue
      await this.#items.update(
        this.#updateOf(
          jobId,
          each,
          'SET last_at = :last, since = :since, #expires = :expires, attempts = :attempts',
          'last_at < :recent',
        ),
      )
    }
  }

  /** Returns the operations that were throttled within the last two minutes. */
  async recent(jobId: string): Promise<ThrottledAttempts[]> {
    const found: ThrottledAttempts[] = []
    for await (const page of this.#items.queryPrefix(`job#${jobId}`, PREFIX)) found.push(...page.map(attemptsIn))
    const recent = this.#recentSince().getTime()
    return found.filter(({ last_at }) => last_at.getTime() >= recent)
  }

  #updateOf(
    jobId: string,
    { by, operation, since, last_at, attempts }: ThrottledAttempts,
    update: string,
    condition: string,
  ): ItemUpdate {
    return {
      Key: keyAttributes({ pk: `job#${jobId}`, sk: `${PREFIX}#${by}#${operation}` }),
      UpdateExpression: update,
      ConditionExpression: condition,
      ExpressionAttributeNames: { '#expires': 'expires' },
      ExpressionAttributeValues: {
        ':last': { S: last_at.toISOString() },
        ':since': { S: since.toISOString() },
        ':attempts': { N: attempts.toString() },
        ':recent': { S: this.#recentSince().toISOString() },
        ':expires': expiresAttribute(this.#items.now()).expires,
      },
    }
  }

  #recentSince(): Date {
    return new Date(this.#items.now().getTime() - RECENT_MS)
  }
}

const attemptsIn = (item: Item): ThrottledAttempts => {
  const [, by = '', operation = ''] = (item['sk']?.S ?? '').split('#')
  return {
    by,
    operation,
    since: new Date(item['since']?.S ?? 0),
    last_at: new Date(item['last_at']?.S ?? 0),
    attempts: Number(item['attempts']?.N ?? 0),
  }
}
