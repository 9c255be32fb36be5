import type { ArchiveSource } from '../../../../shared/archive/archive.ts'

/** An archive that is open for reading. The caller must close it. */
export interface OpenSource extends ArchiveSource {
  readonly close: () => Promise<void>
}
