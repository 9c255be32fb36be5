import type { RevisionInfo } from '../../resources/attributes.ts'
import { corruptRecord, type StreamLocation } from '../../specstar/errors.ts'
import { quote } from '../../values/message-text.ts'
import { MAX_FINDINGS } from '../checks/findings.ts'
import type { Finding } from '../messages/finding.ts'

/** The largest number of unknown keys that a finding lists, so that its message stays short. */
const LISTED_KEYS = 3

/** Collects irregularities that SpecStar accepts. The restore accepts them too, and reports them. */
export class ScanFindings {
  readonly #findings: Finding[] = []

  /** The first 1,000 findings. */
  get all(): readonly Finding[] {
    return this.#findings
  }

  /** Reports unknown keys, which SpecStar ignores. An unknown key may be a known key with a flipped bit. */
  addUnknownKeys(model: string, resource_id: string, part: string, keys: readonly string[]): void {
    if (keys.length === 0) return
    const listed = keys.slice(0, LISTED_KEYS).map(quote).join(', ')
    const actual = keys.length > LISTED_KEYS ? `${listed}, …` : listed
    this.#add({ model, resource_id, what: `${part}: keys that SpecStar does not have`, expected: 'none', actual })
  }

  /**
   * Compares `data_hash` with the hash of the payload. Throws `EntryCorruptError` if the hashes differ. For a migrated
   * revision, a difference is only reported, because SpecStar does not update `data_hash` when it migrates the payload.
   * A missing `data_hash` is also reported, because old versions of SpecStar did not write this hash.
   */
  checkDataHash(location: StreamLocation, model: string, info: RevisionInfo, actual: string): void {
    const { data_hash: expected, resource_id, revision_id, parent_schema_version } = info
    if (expected === undefined) {
      const what = `revision ${revision_id}: without a data_hash, the payload cannot be verified`
      this.#add({ model, resource_id, what, expected: 'a data_hash', actual: 'none' })
    } else if (expected !== actual) {
      if (parent_schema_version === undefined)
        throw corruptRecord(location, `payload of revision ${quote(revision_id)}`, expected, actual)
      const what = `revision ${revision_id}: after a migration, data_hash does not match the payload`
      this.#add({ model, resource_id, what, expected, actual })
    }
  }

  #add(finding: Finding): void {
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push(finding)
  }
}
