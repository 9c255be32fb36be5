import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type DescendingQuery, JobTable } from '../../jobs/aws/job-table.ts'
import { hashOf } from '../../jobs/identity.ts'
import { encodeCursor, parseCursor } from '../../requests/cursor.ts'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import { type ArchiveFilter, Position } from '../archive-search.ts'
import type { CataloguedArchive } from '../catalogued-archive.ts'
import { monthOf } from '../../jobs/aws/month.ts'

/** An entry in the list of one month. */
export interface ListEntry {
  readonly month: string
  readonly sk: string
  /** The key of the archive. */
  readonly key: string
}

/**
 * Entries that a filter selects, newest first. Contains no entry if a query has read only entries that do not match.
 */
interface ListedEntries {
  readonly entries: readonly (ListEntry & { readonly cursor: string })[]
  /** The cursor after the last entry that was read. */
  readonly cursor: string
}

/** The name of the list of archives in its cursors. */
const LIST = 'archives'
/** The partition with the months that have a list. */
const MONTHS = 'archives#months'
/** The number of months that one query reads. Each of them also contains the names of its models and schedules. */
const MONTHS_READ = 12
/**
 * The number of entries that the first query with a filter reads. Often one of the newest entries matches. 200 entries
 * have about 50 KB, while DynamoDB would read 1 MB, which is 256 read units.
 */
const FIRST_READ = 200
/** The factor by which each query with a filter reads more entries than the previous one. */
const GROWTH = 4
/**
 * The largest number of entries that a query with a filter reads. DynamoDB reads at most 1 MB, which is less. It
 * rejects a limit that is no 32-bit integer.
 */
const LARGEST_READ = 10_000

/**
 * The lists of archives by month, in the job table.
 *
 * - The list of each month has one entry for each archive. The entries contain the attributes that a filter needs.
 * - One item for each month contains the models and the schedules of its archives, so that a search skips months
 *   without a match. Names are never removed from it.
 */
export class ArchiveLists {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /** Adds an archive to the list of its month. */
  async add(archive: CataloguedArchive): Promise<void> {
    const { key, schedule, complete } = archive
    const { models } = archive.scope
    const { month, sk } = entryOf(archive)
    await this.#addToMonth(month, archive)
    await this.#items.put({
      ...keyAttributes({ pk: listOf(month), sk }),
      key: { S: key },
      complete: { BOOL: complete },
      ...(schedule === undefined ? {} : { schedule: { S: schedule } }),
      ...(models.length === 0 ? {} : { models: { SS: [...models] } }),
    })
  }

  async #addToMonth(month: string, { schedule, scope: { models } }: CataloguedArchive): Promise<void> {
    const sets = new Map<string, string[]>()
    if (models.length > 0) sets.set('models', [...models])
    if (schedule !== undefined) sets.set('schedules', [schedule])
    const names = [...sets.keys()]
    await this.#items.update({
      Key: keyAttributes({ pk: MONTHS, sk: month }),
      ...(names.length === 0
        ? {}
        : {
            UpdateExpression: `ADD ${names.map((name) => `#${name} :${name}`).join(', ')}`,
            ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: Object.fromEntries([...sets].map(([name, SS]) => [`:${name}`, { SS }])),
          }),
    })
  }

  async remove({ month, sk }: ListEntry): Promise<void> {
    await this.#items.delete(keyAttributes({ pk: listOf(month), sk }))
  }

  /** Yields the entries of all lists. */
  async *all(): AsyncGenerator<ListEntry> {
    for await (const month of this.#monthsFor({}))
      for await (const page of this.#items.query(listOf(month))) for (const item of page) yield entryIn(month, item)
  }

  /**
   * Yields the entries that a filter selects, newest first, at most `size` of them at once. Yields after each query, so
   * that a caller can stop a search with few matches. Throws `InvalidRequestError` if the cursor is invalid.
   */
  async *search(filter: ArchiveFilter, size: number, cursor?: string): AsyncGenerator<ListedEntries> {
    const start = cursor === undefined ? undefined : parseCursor(LIST, Position, cursor)
    const expression = filterExpression(filter)
    let limit = expression === undefined ? size : Math.max(size, FIRST_READ)
    for await (const month of this.#monthsFor(filter, start?.month)) {
      let before = smallest(filter.to, start?.month === month ? start.after : undefined)
      // DynamoDB rejects a query that begins outside of its range.
      while (before === undefined || filter.from === undefined || before > filter.from) {
        const range = { before, from: filter.from }
        const { items, next } = await this.#items.queryBackwards(listOf(month), { ...range, filter: expression, limit })
        if (expression !== undefined) limit = Math.min(limit * GROWTH, LARGEST_READ)
        for (let from = 0; from < items.length; from += size) {
          const entries = items.slice(from, from + size).map((item) => {
            const entry = entryIn(month, item)
            return { ...entry, cursor: encodeCursor(LIST, { month, after: entry.sk } satisfies Position) }
          })
          yield { entries, cursor: entries.at(-1)?.cursor ?? '' }
        }
        if (next === undefined) break
        if (items.length === 0)
          yield { entries: [], cursor: encodeCursor(LIST, { month, after: next } satisfies Position) }
        before = next
      }
    }
  }

  /** Yields the months that may have matches, newest first, beginning with `start`. */
  async *#monthsFor({ schedule, model, from, to }: ArchiveFilter, start?: string): AsyncGenerator<string> {
    const last = smallest(to === undefined ? undefined : monthOf(to), start)
    const first = from === undefined ? undefined : monthOf(from)
    // `~` is greater than all digits, so the query begins with the month itself.
    let before = last === undefined ? undefined : `${last}~`
    while (before === undefined || first === undefined || before > first) {
      const { items, next } = await this.#items.queryBackwards(MONTHS, { limit: MONTHS_READ, before, from: first })
      for (const item of items) {
        const has = (name: string, value: string | undefined): boolean =>
          value === undefined || item[name]?.SS?.includes(value) === true
        if (has('models', model) && has('schedules', schedule)) yield sortKeyOf(item)
      }
      if (next === undefined) return
      before = next
    }
  }
}

/** Returns the entry of an archive. The key of the archive may be too long for a sort key. */
export const entryOf = ({ created_at, key }: CataloguedArchive): ListEntry => ({
  month: monthOf(created_at),
  sk: `${created_at}#${hashOf([key]).slice(0, 32)}`,
  key,
})

const entryIn = (month: string, item: Item): ListEntry => ({
  month,
  sk: sortKeyOf(item),
  key: item['key']?.S ?? '',
})

const listOf = (month: string): string => `archives#${month}`

/** Returns the filter of a query of the list of a month. Returns undefined if all entries match. */
const filterExpression = ({ schedule, model, complete }: ArchiveFilter): DescendingQuery['filter'] => {
  const conditions = [
    ...(schedule === undefined ? [] : [{ name: 'schedule', text: '#schedule = :schedule', value: { S: schedule } }]),
    ...(model === undefined ? [] : [{ name: 'models', text: 'contains(#models, :models)', value: { S: model } }]),
    ...(complete === undefined ? [] : [{ name: 'complete', text: '#complete = :complete', value: { BOOL: complete } }]),
  ]
  if (conditions.length === 0) return undefined
  return {
    expression: conditions.map(({ text }) => text).join(' AND '),
    names: Object.fromEntries(conditions.map(({ name }) => [`#${name}`, name])),
    values: Object.fromEntries(conditions.map(({ name, value }) => [`:${name}`, value])),
  }
}

/** Returns the smaller one of two texts. An absent text is ignored. */
const smallest = (a: string | undefined, b: string | undefined): string | undefined =>
  a === undefined || (b !== undefined && b < a) ? b : a
