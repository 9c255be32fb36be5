import { offsetOfFault, RecordInvalidError } from '../errors.ts'

/**
 * The checks of an archive:
 *
 * - `bytes`: every byte of the archive is covered by a checksum that matches, and every entry has the form of
 *   FORMAT.md.
 * - `records`: every record is valid, and every resource can be restored.
 * - `manifest`: the counts and digests in the manifest are those of the archive.
 * - `blobs`: the archive contains every blob to which a payload refers, except those that the manifest lists as
 *   missing.
 */
export type ArchiveCheckName = 'bytes' | 'records' | 'manifest' | 'blobs'

/** One fault of an archive. */
export interface ArchiveFinding {
  readonly check: ArchiveCheckName
  /** What is wrong, and where. */
  readonly message: string
  /** The damaged entry, and the byte of the archive at which the damage begins. */
  readonly entry?: string
  readonly offset?: number
  readonly model?: string
  readonly resource_id?: string
}

/** Returns the finding about damage. `path` is the path of the damaged entry, if only one is damaged. */
export const damageFinding = (damage: Error, path?: string): ArchiveFinding => {
  const entry = path ?? (damage instanceof RecordInvalidError ? damage.entry : undefined)
  const offset = offsetOfFault(damage)
  return {
    check: 'bytes',
    message: damage.message,
    ...(entry === undefined ? {} : { entry }),
    ...(offset === undefined ? {} : { offset }),
  }
}

/** The largest number of findings that are kept. Further findings are only counted. */
const MAX_KEPT = 1_000

/** Collects the findings of all checks. */
export class ArchiveFindings {
  readonly #kept: ArchiveFinding[] = []
  readonly #totals = new Map<ArchiveCheckName, number>()

  /** The first 1,000 findings. */
  get kept(): readonly ArchiveFinding[] {
    return this.#kept
  }

  /** Returns the number of findings of a check, or of all checks. */
  total(check?: ArchiveCheckName): number {
    if (check !== undefined) return this.#totals.get(check) ?? 0
    return [...this.#totals.values()].reduce((sum, count) => sum + count, 0)
  }

  add(finding: ArchiveFinding): void {
    if (this.#kept.length < MAX_KEPT) this.#kept.push(finding)
    this.#totals.set(finding.check, this.total(finding.check) + 1)
  }
}
