import type { OpenArchive } from '../archive.ts'
import { checkLeftOut } from '../check-left-out.ts'
import { isArchiveFault } from '../errors.ts'
import { LEFT_OUT_NAME } from '../left-out.ts'
import { damageFinding } from './find-damage.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkRecords } from './check-records.ts'
import type { ArchiveCheckName, ArchiveFindings } from './findings.ts'
import type { ReferenceSorter } from './references.ts'

/** The content of an archive that was checked. */
export interface CheckedArchive {
  readonly models: Readonly<Record<string, { resources: number; revisions: number; blobs: number }>>
  readonly blobs: { readonly count: number; readonly bytes: number }
  /** The checks of which damage has prevented a part. */
  readonly incomplete: readonly ArchiveCheckName[]
}

/**
 * Reads every byte and every record of an archive, without a store. Adds each fault to `findings`. Continues after
 * damage with the next entry, or with the next segment if an index is damaged. Memory does not grow with the archive,
 * except for the findings and what `references` holds.
 */
export const checkArchive = async (
  archive: OpenArchive,
  references: ReferenceSorter,
  findings: ArchiveFindings,
): Promise<CheckedArchive> => {
  const { manifest } = archive
  await checkLeftOutList(archive, findings)
  const models: Record<string, { resources: number; revisions: number; blobs: number }> = {}
  const sound = new Set<string>()
  let isFullyRead = true
  for (const model of manifest.scope.models) {
    const { resources, revisions, ...checked } = await checkRecords(archive, model, references, findings)
    models[model] = { resources, revisions, blobs: 0 }
    if (checked.isSound) sound.add(model)
    if (!checked.isFullyRead) isFullyRead = false
  }
  const { count, bytes, models: counts, isComplete } = await checkBlobs(archive, references.sorted(), sound, findings)
  for (const [model, checked] of Object.entries(models)) checked.blobs = counts.get(model) ?? 0
  const incomplete: ArchiveCheckName[] = [
    ...(isFullyRead ? [] : (['records'] as const)),
    ...(isFullyRead && isComplete ? [] : (['manifest', 'blobs'] as const)),
  ]
  return { models, blobs: { count, bytes }, incomplete }
}

const checkLeftOutList = async (archive: OpenArchive, findings: ArchiveFindings): Promise<void> => {
  try {
    await checkLeftOut(archive)
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    findings.add({ ...damageFinding(error, LEFT_OUT_NAME), check: 'records' })
  }
}
