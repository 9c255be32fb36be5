import type { JobTable } from '../../jobs/aws/job-table.ts'
import { expiresAttribute } from '../../jobs/aws/job-item.ts'
import { hashOf } from '../../jobs/identity.ts'
import { type Item, type Key, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import {
  ArchiveCheck,
  ArchiveProof,
  type ArchiveContent,
  type ArchiveEvidence,
  isSameContent,
  type ObjectVersion,
  versionIdOf,
} from '../catalogued-archive.ts'

/** The attribute of an item that contains the last check or the last proof. The attribute `{name}_at` has its time. */
type EventName = keyof ArchiveEvidence

/**
 * Stores the last check and the last proof of each version of an archive, in the partition of its key in the job table.
 * For the version in the catalogue, they are attributes of its item. Each other version has an item of its own, because
 * a damaged archive may have replaced the version in the catalogue.
 *
 * Each write has a condition on the time of the event, so the order of the writes does not matter.
 */
export class ArchiveEvidenceItems {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /**
   * Stores an event in the item of the catalogue. Returns false if the item contains another version, or a later event
   * of this kind.
   */
  async recordListed(archive: ObjectVersion, name: EventName, event: ArchiveCheck | ArchiveProof): Promise<boolean> {
    const version = versionCondition(archive)
    const updated = await this.#items.updateWhere({
      Key: keyAttributes(listedKey(archive.key)),
      UpdateExpression: 'SET #name = :event, #at = :at',
      ConditionExpression: `${version.expression} AND (attribute_not_exists(#at) OR #at <= :at)`,
      ExpressionAttributeNames: { ...version.names, '#name': name, '#at': `${name}_at` },
      ExpressionAttributeValues: { ...version.values, ':event': { S: JSON.stringify(event) }, ':at': { S: event.at } },
    })
    return updated !== undefined
  }

  /**
   * Stores an event of a version that the catalogue does not contain. A passed check expires after 90 days. Until then,
   * it prevents that a check which ended earlier is stored.
   */
  async recordOther(archive: ObjectVersion, name: EventName, event: ArchiveCheck | ArchiveProof): Promise<void> {
    const version = versionCondition(archive)
    const expires = 'passed' in event && event.passed
    const setVersion = '#bucket = :bucket, #etag = :etag, #version = :version'
    await this.#items.updateWhere({
      Key: otherKey(archive),
      UpdateExpression:
        `SET ${setVersion}, #name = :event, #at = :at` + (expires ? ', #expires = :expires' : ' REMOVE #expires'),
      ConditionExpression: 'attribute_not_exists(#at) OR #at <= :at',
      ExpressionAttributeNames: { ...version.names, '#name': name, '#at': `${name}_at`, '#expires': 'expires' },
      ExpressionAttributeValues: {
        ...version.values,
        ':event': { S: JSON.stringify(event) },
        ':at': { S: event.at },
        ...(expires ? { ':expires': expiresAttribute(new Date(event.at)).expires } : {}),
      },
    })
  }

  /** Stores what is known about a version that the catalogue no longer contains. */
  async keepOther(archive: ObjectVersion, evidence: ArchiveEvidence): Promise<void> {
    for (const [name, event] of eventsOf(evidence)) await this.recordOther(archive, name, event)
  }

  /** Adds what is known about a version that the catalogue did not contain to the item of the catalogue. */
  async adopt(archive: ObjectVersion): Promise<void> {
    const item = await this.#items.get(otherKey(archive))
    if (item === undefined) return
    for (const [name, event] of eventsOf(evidenceIn(item))) await this.recordListed(archive, name, event)
  }

  /** Returns the contents with this key that count as damaged. */
  async damaged(key: string): Promise<ArchiveContent[]> {
    const versions: (ArchiveContent & ArchiveEvidence)[] = []
    for await (const page of this.#items.query(partitionOf(key)))
      for (const item of page)
        versions.push({ bucket: item['bucket']?.S ?? '', key, etag: item['etag']?.S ?? '', ...evidenceIn(item) })
    return versions.filter((version) => isDamaged(versions.filter((other) => isSameContent(version, other))))
  }

  /** Removes the items of all versions with this key that the catalogue does not contain. */
  async removeOthers(key: string): Promise<void> {
    for await (const page of this.#items.query(partitionOf(key)))
      for (const item of page)
        if (sortKeyOf(item) !== LISTED)
          await this.#items.delete(keyAttributes({ pk: partitionOf(key), sk: sortKeyOf(item) }))
  }
}

/**
 * Returns true if the last check of a content has found damage, and no later restore has proved it. At the same time,
 * damage counts.
 */
const isDamaged = (versions: readonly ArchiveEvidence[]): boolean => {
  const checks = versions.flatMap(({ last_checked }) => last_checked ?? [])
  const proofs = versions.flatMap(({ last_proved }) => last_proved ?? [])
  const failed = latest(checks.filter(({ passed }) => !passed))
  return failed !== '' && failed >= latest([...checks.filter(({ passed }) => passed), ...proofs])
}

/** Returns the latest time of some events, in ISO 8601, or an empty string if there are none. */
const latest = (events: readonly { readonly at: string }[]): string =>
  events.reduce((last, { at }) => (at > last ? at : last), '')

const eventsOf = ({ last_checked, last_proved }: ArchiveEvidence): [EventName, ArchiveCheck | ArchiveProof][] => [
  ...(last_checked === undefined ? [] : [['last_checked', last_checked] satisfies [EventName, ArchiveCheck]]),
  ...(last_proved === undefined ? [] : [['last_proved', last_proved] satisfies [EventName, ArchiveProof]]),
]

/** Returns the last check and the last proof in an item. */
export const evidenceIn = (item: Item): ArchiveEvidence => {
  const [checked, proved] = [item['last_checked']?.S, item['last_proved']?.S]
  return {
    ...(checked === undefined ? {} : { last_checked: ArchiveCheck.parse(JSON.parse(checked)) }),
    ...(proved === undefined ? {} : { last_proved: ArchiveProof.parse(JSON.parse(proved)) }),
  }
}

const partitionOf = (key: string): string => `archive#${key}`

/** The sort key of the version in the catalogue. */
const LISTED = 'archive'

/** Returns the key of the item of the catalogue. */
export const listedKey = (key: string): Key => ({ pk: partitionOf(key), sk: LISTED })

const otherKey = (archive: ObjectVersion): Item =>
  keyAttributes({
    pk: partitionOf(archive.key),
    sk: `version#${hashOf([archive.bucket, archive.etag, versionIdOf(archive)])}`,
  })

/** A condition that is true if an item contains this version of an archive. */
export const versionCondition = (archive: ObjectVersion) => ({
  expression: '#bucket = :bucket AND #etag = :etag AND #version = :version',
  names: { '#bucket': 'bucket', '#etag': 'etag', '#version': 'version_id' },
  values: {
    ':bucket': { S: archive.bucket },
    ':etag': { S: archive.etag },
    ':version': { S: versionIdOf(archive) },
  },
})
