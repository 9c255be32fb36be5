import type { JobTable } from '../../jobs/aws/job-table.ts'
import { hashOf } from '../../jobs/identity.ts'
import { type Item, type Key, keyAttributes, sortKeyOf } from '../../tables/item.ts'
import {
  ArchiveCheck,
  ArchiveProof,
  type ArchiveContent,
  type ArchiveEvidence,
  isSameContent,
  isSameVersion,
  type ObjectVersion,
  versionIdOf,
} from '../catalogued-archive.ts'

/** A check or a proof. `name` is the attribute that contains it. The attribute `{name}_at` contains its time. */
export type EvidenceEvent =
  | { readonly name: 'last_checked'; readonly event: ArchiveCheck }
  | { readonly name: 'last_proved'; readonly event: ArchiveProof }

/**
 * Stores the last check and the last proof of each version of an archive, in the partition of its key in the job table.
 * For the listed version, they are attributes of its item. Each other version has an item of its own, because a damaged
 * archive may have replaced the listed version.
 *
 * Each write has a condition on the time of the event, so the order of the writes does not matter. A failed check never
 * expires, because the daily deletion would then delete intact archives in favour of the damaged one. Therefore, the
 * items of unlisted versions do not expire. They are few, and are removed with their archive.
 */
export class ArchiveEvidenceItems {
  readonly #items: JobTable

  constructor(items: JobTable) {
    this.#items = items
  }

  /**
   * Stores an event in the item of the catalogue. Returns false if this version is not listed, or if the item contains
   * a later event of this kind.
   */
  async recordListed(archive: ObjectVersion, { name, event }: EvidenceEvent): Promise<boolean> {
    const version = versionCondition(archive)
    const isLatest = '(attribute_not_exists(#at) OR #at <= :at)'
    const updated = await this.#items.updateWhere({
      Key: keyAttributes(listedKey(archive.key)),
      UpdateExpression: 'SET #name = :event, #at = :at',
      ConditionExpression: `${version.expression} AND attribute_not_exists(#expires) AND ${isLatest}`,
      ExpressionAttributeNames: { ...version.names, '#name': name, '#at': `${name}_at`, '#expires': 'expires' },
      ExpressionAttributeValues: { ...version.values, ':event': { S: JSON.stringify(event) }, ':at': { S: event.at } },
    })
    return updated !== undefined
  }

  /** Stores an event of a version that is not listed, unless a later event of this kind is stored. */
  async recordUnlisted(archive: ObjectVersion, { name, event }: EvidenceEvent): Promise<void> {
    const version = versionCondition(archive)
    await this.#items.updateWhere({
      Key: unlistedKey(archive),
      // Earlier versions of this program have stored passed checks with `expires`.
      UpdateExpression:
        'SET #bucket = :bucket, #etag = :etag, #version = :version, #name = :event, #at = :at REMOVE #expires',
      ConditionExpression: 'attribute_not_exists(#at) OR #at <= :at',
      ExpressionAttributeNames: { ...version.names, '#name': name, '#at': `${name}_at`, '#expires': 'expires' },
      ExpressionAttributeValues: { ...version.values, ':event': { S: JSON.stringify(event) }, ':at': { S: event.at } },
    })
  }

  /** Stores what is known about a version that is not listed, or that is about to be unlisted or replaced. */
  async keepUnlisted(archive: ObjectVersion, evidence: ArchiveEvidence): Promise<void> {
    for (const event of eventsOf(evidence)) await this.recordUnlisted(archive, event)
  }

  /**
   * If a check of any version with this key has failed, stores what is known about a version whose item is about to
   * expire, or expires. This includes passed checks and proofs, because they may be later than the failed check.
   */
  async keepIfFailed(archive: ObjectVersion): Promise<void> {
    const versions = await this.#versions(archive.key)
    if (!versions.some(({ last_checked }) => last_checked?.passed === false)) return
    for (const version of versions) if (isSameVersion(version, archive)) await this.keepUnlisted(archive, version)
  }

  /** Adds what is known about a version that was not listed to the item of the catalogue. */
  async adopt(archive: ObjectVersion): Promise<void> {
    const item = await this.#items.get(unlistedKey(archive))
    if (item === undefined) return
    for (const event of eventsOf(evidenceIn(item))) await this.recordListed(archive, event)
  }

  /** Returns the contents with this key that count as damaged. */
  async damaged(key: string): Promise<ArchiveContent[]> {
    const versions = await this.#versions(key)
    return versions.filter((version) => isDamaged(versions.filter((other) => isSameContent(version, other))))
  }

  /** Returns what is known about the versions with this key. A version that was unlisted before can occur twice. */
  async #versions(key: string): Promise<(ObjectVersion & ArchiveEvidence)[]> {
    const versions: (ObjectVersion & ArchiveEvidence)[] = []
    for await (const page of this.#items.query(partitionOf(key)))
      for (const item of page)
        versions.push({
          bucket: item['bucket']?.S ?? '',
          key,
          etag: item['etag']?.S ?? '',
          version_id: item['version_id']?.S ?? 'null',
          ...evidenceIn(item),
        })
    return versions
  }

  /** Removes the items of all versions with this key that are not listed. */
  async removeUnlisted(key: string): Promise<void> {
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

const eventsOf = ({ last_checked, last_proved }: ArchiveEvidence): EvidenceEvent[] => [
  ...(last_checked === undefined ? [] : [{ name: 'last_checked', event: last_checked } satisfies EvidenceEvent]),
  ...(last_proved === undefined ? [] : [{ name: 'last_proved', event: last_proved } satisfies EvidenceEvent]),
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

/** The sort key of the item of the catalogue. */
const LISTED = 'archive'

/** Returns the key of the item of the catalogue. */
export const listedKey = (key: string): Key => ({ pk: partitionOf(key), sk: LISTED })

const unlistedKey = (archive: ObjectVersion): Item =>
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
