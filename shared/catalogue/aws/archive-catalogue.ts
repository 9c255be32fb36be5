import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import pMap from 'p-map'
import { expiresAttribute } from '../../jobs/aws/job-item.ts'
import { JobTable } from '../../jobs/aws/job-table.ts'
import { type Item, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import type { ArchiveFilter, SearchStep } from '../archive-search.ts'
import {
  type ArchiveCheck,
  type ArchiveContent,
  type ArchiveProof,
  CataloguedArchive,
  isSameContent,
  isSameVersion,
  type KnownArchive,
  type ObjectVersion,
} from '../catalogued-archive.ts'
import {
  ArchiveEvidenceItems,
  type EvidenceEvent,
  evidenceIn,
  listedKey,
  versionCondition,
} from './archive-evidence.ts'
import { ArchiveLists, entryOf, type ListEntry } from './archive-lists.ts'

/** An archive whose export is about to end. It is in the catalogue only after the export has ended. */
export interface AnnouncedArchive {
  readonly job_id: string
  /** The time in the manifest of the archive or, for a stream, of the job. */
  readonly created_at: string
}

/** The partition with the archives whose exports are about to end. It is almost always empty. */
const ANNOUNCED = 'archives#announced'
/** The number of archives that are removed at the same time. */
const REMOVED_AT_ONCE = 16

/**
 * Stores the catalogue of archives in the job table. One item for each archive contains the archive, its last check and
 * its last proof. `ArchiveEvidenceItems` contains those of unlisted versions. `ArchiveLists` contains an entry for each
 * listed archive. The items do not expire, except those of archives that are no longer listed.
 *
 * An archive is written in the order month, entry, archive, and is removed in the opposite order. Readers ignore
 * entries without an archive.
 */
export class ArchiveCatalogue {
  readonly #items: JobTable
  readonly #lists: ArchiveLists
  readonly #evidence: ArchiveEvidenceItems

  constructor(client: DynamoDBClient, table: string) {
    this.#items = new JobTable(client, table)
    this.#lists = new ArchiveLists(client, table)
    this.#evidence = new ArchiveEvidenceItems(this.#items)
  }

  /**
   * Stores an archive, and lists it. Keeps the last check and the last proof of this version. Another version with the
   * same key is replaced. What is known about it is kept for `isDamaged`.
   */
  async put(archive: CataloguedArchive): Promise<void> {
    const earlier = await this.known(archive.key)
    // Before the version is replaced, in case this process ends early.
    if (earlier !== undefined && !isSameVersion(earlier, archive)) await this.#evidence.keepUnlisted(earlier, earlier)
    await this.#lists.add(archive)
    const replaced = await this.#putRecord(archive)
    // Again, because an event may have been recorded in the meantime.
    if (replaced !== undefined) await this.#evidence.keepUnlisted(replaced, replaced)
    await this.#evidence.adopt(archive)
    if (earlier !== undefined && listKey(earlier) !== listKey(archive)) await this.#lists.remove(entryOf(earlier))
  }

  /** Writes the item of an archive. Returns the other version that it has replaced, if there was one. */
  async #putRecord(archive: CataloguedArchive): Promise<KnownArchive | undefined> {
    const record = { S: JSON.stringify(archive) }
    const version = versionCondition(archive)
    const evidence = ['last_checked', 'last_checked_at', 'last_proved', 'last_proved_at']
    const replaced = await this.#items.updateWhere({
      Key: itemKey(archive.key),
      UpdateExpression:
        'SET #record = :record, #bucket = :bucket, #etag = :etag, #version = :version' +
        ` REMOVE #expires, ${evidence.map((name) => `#${name}`).join(', ')}`,
      ConditionExpression: `attribute_not_exists(#record) OR NOT (${version.expression})`,
      ExpressionAttributeNames: {
        ...version.names,
        '#record': 'record',
        '#expires': 'expires',
        ...Object.fromEntries(evidence.map((name) => [`#${name}`, name])),
      },
      ExpressionAttributeValues: { ...version.values, ':record': record },
      ReturnValues: 'ALL_OLD',
    })
    if (replaced !== undefined) return replaced['record'] === undefined ? undefined : archiveIn(replaced)
    await this.#items.updateWhere({
      Key: itemKey(archive.key),
      UpdateExpression: 'SET #record = :record REMOVE #expires',
      ConditionExpression: version.expression,
      ExpressionAttributeNames: { ...version.names, '#record': 'record', '#expires': 'expires' },
      ExpressionAttributeValues: { ...version.values, ':record': record },
    })
    return undefined
  }

  /** Returns the listed archive with this key. Returns undefined if no such archive is listed. */
  async get(key: string): Promise<KnownArchive | undefined> {
    const item = await this.#items.get(itemKey(key))
    return item !== undefined && isListed(item) ? archiveIn(item) : undefined
  }

  /** Returns the archive with this key, also if it is no longer listed. Returns undefined if it is not stored. */
  async known(key: string): Promise<KnownArchive | undefined> {
    const item = await this.#items.get(itemKey(key))
    return item === undefined ? undefined : archiveIn(item)
  }

  /**
   * Yields the archives that a filter selects, newest first, in steps of at most `size` archives. A step reads at most
   * 1 MB of entries, so that a caller can stop a search with few matches. Throws `InvalidRequestError` if the cursor is
   * invalid.
   */
  async *search(filter: ArchiveFilter, size: number, cursor?: string): AsyncGenerator<SearchStep> {
    for await (const { entries, cursor: end } of this.#lists.search(filter, size, cursor)) {
      const items = await this.#find([...new Set(entries.map(({ key }) => key))])
      const found = new Map(
        items
          .filter(isListed)
          .map(archiveIn)
          .map((archive) => [listKey(archive), archive]),
      )
      const archives = entries.flatMap(({ sk, cursor: after }) => {
        const archive = found.get(sk)
        return archive === undefined ? [] : [{ archive, cursor: after }]
      })
      yield { archives, cursor: end }
    }
  }

  #find(keys: readonly string[]): Promise<Item[]> {
    return this.#items.find(keys.map(listedKey))
  }

  /**
   * Stores the result of a check of an archive, unless a later check is stored. Returns false if a later check is
   * stored, or if this version of the archive is not listed. In the latter case, stores the check for `isDamaged` and
   * for a later `put`.
   */
  recordCheck(archive: ObjectVersion, check: ArchiveCheck): Promise<boolean> {
    return this.#record(archive, { name: 'last_checked', event: check })
  }

  /** Stores the restore that has proved an archive. Apart from that, does the same as `recordCheck`. */
  recordProof(archive: ObjectVersion, proof: ArchiveProof): Promise<boolean> {
    return this.#record(archive, { name: 'last_proved', event: proof })
  }

  async #record(archive: ObjectVersion, event: EvidenceEvent): Promise<boolean> {
    if (await this.#evidence.recordListed(archive, event)) return true
    const listed = await this.get(archive.key)
    const later = listed !== undefined && isSameVersion(listed, archive) ? listed[event.name] : undefined
    if (later !== undefined && later.at > event.event.at) return false
    await this.#evidence.recordUnlisted(archive, event)
    // Another process may have listed this version in the meantime.
    return this.#evidence.recordListed(archive, event)
  }

  /**
   * Returns true if the last check of an object with this content has found damage, unless a later restore has proved
   * it. The catalogue need not contain the object.
   */
  async isDamaged(object: ArchiveContent): Promise<boolean> {
    const damaged = await this.damagedContents(object.key)
    return damaged.some((content) => isSameContent(content, object))
  }

  /** Returns the contents with this key for which `isDamaged` returns true. They may have been replaced. */
  damagedContents(key: string): Promise<ArchiveContent[]> {
    return this.#evidence.damaged(key)
  }

  /**
   * No longer lists an archive that does not exist, unless another version of it has been stored in the meantime. Keeps
   * its last check and its last proof for 90 days, because the object may be restored. If a check of any version with
   * this key has failed, they do not expire. `put` lists the archive again.
   *
   * Returns false if another version has been stored, or if the catalogue no longer contains the archive.
   */
  async unlist(archive: CataloguedArchive, now: Date): Promise<boolean> {
    // Before the item expires, in case this process ends early.
    await this.#evidence.keepIfFailed(archive)
    const version = versionCondition(archive)
    const unlisted = await this.#items.updateWhere({
      Key: itemKey(archive.key),
      UpdateExpression: 'SET #expires = :expires',
      ConditionExpression: version.expression,
      ExpressionAttributeNames: { ...version.names, '#expires': 'expires' },
      ExpressionAttributeValues: { ...version.values, ':expires': expiresAttribute(now).expires },
    })
    if (unlisted === undefined) return false
    // Again, because an event may have been recorded in the meantime. From now on, the item does not accept events.
    await this.#evidence.keepIfFailed(archive)
    await this.#lists.remove(entryOf(archive))
    return true
  }

  /** Removes an archive, unless another version of it has been stored in the meantime. */
  async remove(archive: CataloguedArchive): Promise<void> {
    const { expression, names, values } = versionCondition(archive)
    if (await this.#items.deleteWhere(itemKey(archive.key), expression, names, values))
      await this.#lists.remove(entryOf(archive))
  }

  /** Removes the archives with these keys. Ignores keys that the catalogue does not contain. */
  async removeKeys(keys: readonly string[]): Promise<void> {
    const archives = (await this.#find(keys)).map(archiveIn)
    await pMap(archives, (archive) => this.remove(archive), { concurrency: REMOVED_AT_ONCE })
    await pMap(keys, (key) => this.#evidence.removeUnlisted(key), { concurrency: REMOVED_AT_ONCE })
  }

  /** Yields the entries of all lists, also those without an archive. */
  entries(): AsyncGenerator<ListEntry> {
    return this.#lists.all()
  }

  removeEntry(entry: ListEntry): Promise<void> {
    return this.#lists.remove(entry)
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

const itemKey = (key: string): Item => keyAttributes(listedKey(key))

const listKey = (archive: CataloguedArchive): string => entryOf(archive).sk

/** Only archives that are no longer listed expire. */
const isListed = (item: Item): boolean => item['expires'] === undefined

const archiveIn = (item: Item): KnownArchive => ({
  ...CataloguedArchive.parse(JSON.parse(item['record']?.S ?? 'null')),
  ...evidenceIn(item),
})
