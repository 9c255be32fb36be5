import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type DescendingQuery, JobTable } from '../../jobs/aws/job-table.ts'
import { hashOf } from '../../jobs/identity.ts'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import { type ArchiveFilter, encodeCursor, parseCursor, type SearchStep } from '../archive-search.ts'
import {
  ArchiveCheck,
  ArchiveProof,
  CataloguedArchive,
  type KnownArchive,
  type ObjectVersion,
  versionIdOf,
} from '../catalogued-archive.ts'

/** An archive whose export is about to end. It is in the catalogue only after the export has ended. */
export interface AnnouncedArchive {
  readonly job_id: string
  /** The time in the manifest of the archive or, for a stream, of the job. */
  readonly created_at: string
}

/** An entry in the list of one month. */
export interface ListEntry {
  readonly month: string
  readonly sk: string
  /** The key of the archive. */
  readonly key: string
}

/** The partition with the months that have a list. */
const MONTHS = 'archives#months'
/** The partition with the archives whose exports are about to end. It is almost always empty. */
const ANNOUNCED = 'archives#announced'
/** The number of months that one query reads. Each of them also contains the names of its models and schedules. */
const MONTHS_READ = 12

/**
 * Stores the catalogue of archives in the job table. The items do not expire.
 *
 * - One item for each archive contains the archive, its last check and its last proof.
 * - The list of each month has one entry for each archive. The entries contain the attributes that a filter needs.
 * - One item for each month contains the models and the schedules of its archives, so that a search skips months without
 *   a match. Names are never removed from it.
 *
 * An archive is written in the order month, entry, archive, and is removed in the opposite order. Readers ignore entries
 * without an archive.
 */
export class ArchiveCatalogue {
  readonly #items: JobTable

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
  }

  /**
   * Stores an archive. If the same version of the archive is already stored, keeps its last check and its last proof.
   * Another version with the same key is replaced.
   */
  async put(archive: CataloguedArchive): Promise<void> {
    const { key, schedule, complete } = archive
    const { models } = archive.scope
    const [month, sk] = [monthOf(archive.created_at), listKey(archive)]
    const earlier = await this.get(key)
    await this.#addToMonth(month, archive)
    await this.#items.put({
      ...keyAttributes({ pk: listOf(month), sk }),
      key: { S: key },
      complete: { BOOL: complete },
      ...(schedule === undefined ? {} : { schedule: { S: schedule } }),
      ...(models.length === 0 ? {} : { models: { SS: [...models] } }),
    })
    await this.#putRecord(archive)
    if (earlier !== undefined && listKey(earlier) !== sk)
      await this.removeEntry({ month: monthOf(earlier.created_at), sk: listKey(earlier), key })
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

  async #putRecord(archive: CataloguedArchive): Promise<void> {
    const record = { S: JSON.stringify(archive) }
    const version = versionCondition(archive)
    const item = {
      ...archiveKey(archive.key),
      record,
      bucket: { S: archive.bucket },
      etag: { S: archive.etag },
      version_id: { S: versionIdOf(archive) },
    }
    const isNew = await this.#items.putWhere(
      item,
      `attribute_not_exists(#pk) OR NOT (${version.expression})`,
      { '#pk': 'pk', ...version.names },
      version.values,
    )
    if (isNew) return
    await this.#items.updateWhere({
      Key: archiveKey(archive.key),
      UpdateExpression: 'SET #record = :record',
      ConditionExpression: version.expression,
      ExpressionAttributeNames: { ...version.names, '#record': 'record' },
      ExpressionAttributeValues: { ...version.values, ':record': record },
    })
  }

  /** Returns the archive with this key, or undefined if the catalogue does not contain it. */
  async get(key: string): Promise<KnownArchive | undefined> {
    const item = await this.#items.get(archiveKey(key))
    return item === undefined ? undefined : archiveIn(item)
  }

  /**
   * Yields the archives that a filter selects, newest first, in steps of at most `size` archives. A step reads at most
   * 1 MB of entries, so that a caller can stop a search with few matches. Throws `InvalidRequestError` if the cursor is
   * invalid.
   */
  async *search(filter: ArchiveFilter, size: number, cursor?: string): AsyncGenerator<SearchStep> {
    const start = cursor === undefined ? undefined : parseCursor(cursor)
    for await (const month of this.#monthsFor(filter, start?.month)) {
      let before = smallest(filter.to, start?.month === month ? start.after : undefined)
      // DynamoDB rejects a query that begins outside of its range.
      while (before === undefined || filter.from === undefined || before > filter.from) {
        const expression = filterExpression(filter)
        const { items, next } = await this.#items.queryBackwards(listOf(month), {
          before,
          from: filter.from,
          filter: expression,
          ...(expression === undefined ? { limit: size } : {}),
        })
        for (let from = 0; from < items.length; from += size)
          yield await this.#step(month, items.slice(from, from + size))
        if (next === undefined) break
        if (items.length === 0) yield { archives: [], cursor: encodeCursor({ month, after: next }) }
        before = next
      }
    }
  }

  async #step(month: string, entries: readonly Item[]): Promise<SearchStep> {
    const keys = [...new Set(entries.map((entry) => entry['key']?.S ?? ''))]
    const found = new Map((await this.#find(keys)).map((archive) => [listKey(archive), archive]))
    const positions = entries.map((entry) => {
      const sk = sortKeyOf(entry)
      return { archive: found.get(sk), cursor: encodeCursor({ month, after: sk }) }
    })
    return {
      archives: positions.flatMap(({ archive, cursor }) => (archive === undefined ? [] : [{ archive, cursor }])),
      cursor: positions.at(-1)?.cursor ?? '',
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

  async #find(keys: readonly string[]): Promise<KnownArchive[]> {
    return (await this.#items.find(keys.map((key) => ({ pk: `archive#${key}`, sk: 'archive' })))).map(archiveIn)
  }

  /**
   * Stores the result of a check of an archive, unless a later check is stored. Returns false and stores nothing if the
   * catalogue does not contain this version of the archive.
   */
  recordCheck(archive: ObjectVersion, check: ArchiveCheck): Promise<boolean> {
    return this.#record(archive, 'last_checked', check)
  }

  /** Stores the restore that has proved an archive. The conditions and the result are those of `recordCheck`. */
  recordProof(archive: ObjectVersion, proof: ArchiveProof): Promise<boolean> {
    return this.#record(archive, 'last_proved', proof)
  }

  async #record(archive: ObjectVersion, name: string, event: ArchiveCheck | ArchiveProof): Promise<boolean> {
    const version = versionCondition(archive)
    const updated = await this.#items.updateWhere({
      Key: archiveKey(archive.key),
      UpdateExpression: 'SET #name = :event, #at = :at',
      ConditionExpression: `${version.expression} AND (attribute_not_exists(#at) OR #at <= :at)`,
      ExpressionAttributeNames: { ...version.names, '#name': name, '#at': `${name}_at` },
      ExpressionAttributeValues: {
        ...version.values,
        ':event': { S: JSON.stringify(event) },
        ':at': { S: event.at },
      },
    })
    return updated !== undefined
  }

  /** Removes an archive, unless another version of it has been stored in the meantime. */
  async remove(archive: CataloguedArchive): Promise<void> {
    const { expression, names, values } = versionCondition(archive)
    if (!(await this.#items.deleteWhere(archiveKey(archive.key), expression, names, values))) return
    await this.removeEntry({ month: monthOf(archive.created_at), sk: listKey(archive), key: archive.key })
  }

  /** Removes the archives with these keys. Ignores keys that the catalogue does not contain. */
  async removeKeys(keys: readonly string[]): Promise<void> {
    for (const archive of await this.#find(keys)) await this.remove(archive)
  }

  /** Yields the entries of all lists, also those without an archive. */
  async *entries(): AsyncGenerator<ListEntry> {
    for await (const month of this.#monthsFor({}))
      for await (const page of this.#items.query(listOf(month)))
        for (const entry of page) yield { month, sk: sortKeyOf(entry), key: entry['key']?.S ?? '' }
  }

  async removeEntry({ month, sk }: ListEntry): Promise<void> {
    await this.#items.delete(keyAttributes({ pk: listOf(month), sk }))
  }

  /** Stores that an export is about to end, so that its archive can be added if the process ends too early. */
  async announce({ job_id, created_at }: AnnouncedArchive): Promise<void> {
    await this.#items.put({ ...keyAttributes({ pk: ANNOUNCED, sk: job_id }), created_at: { S: created_at } })
  }

  /** Returns the archives that were announced and have not been withdrawn. */
  async announced(): Promise<AnnouncedArchive[]> {
    const announced: AnnouncedArchive[] = []
    for await (const page of this.#items.query(ANNOUNCED))
      announced.push(...page.map((item) => ({ job_id: sortKeyOf(item), created_at: item['created_at']?.S ?? '' })))
    return announced
  }

  async withdraw(jobId: string): Promise<void> {
    await this.#items.delete(keyAttributes({ pk: ANNOUNCED, sk: jobId }))
  }
}

const archiveKey = (key: string): Item => keyAttributes({ pk: `archive#${key}`, sk: 'archive' })

const monthOf = (time: string): string => time.slice(0, 7).replace('-', '')

const listOf = (month: string): string => `archives#${month}`

/** Returns the sort key of an archive in the list of its month. The key of the archive may be too long for a sort key. */
const listKey = ({ created_at, key }: CataloguedArchive): string => `${created_at}#${hashOf([key]).slice(0, 32)}`

const archiveIn = (item: Item): KnownArchive => {
  const [checked, proved] = [item['last_checked']?.S, item['last_proved']?.S]
  return {
    ...CataloguedArchive.parse(JSON.parse(item['record']?.S ?? 'null')),
    ...(checked === undefined ? {} : { last_checked: ArchiveCheck.parse(JSON.parse(checked)) }),
    ...(proved === undefined ? {} : { last_proved: ArchiveProof.parse(JSON.parse(proved)) }),
  }
}

/** A condition that is true if an item contains this version of an archive. */
const versionCondition = (archive: ObjectVersion) => ({
  expression: '#bucket = :bucket AND #etag = :etag AND #version = :version',
  names: { '#bucket': 'bucket', '#etag': 'etag', '#version': 'version_id' },
  values: {
    ':bucket': { S: archive.bucket },
    ':etag': { S: archive.etag },
    ':version': { S: versionIdOf(archive) },
  },
})

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
