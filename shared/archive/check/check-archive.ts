import type { OpenArchive } from '../archive.ts'
import { checkLeftOut } from '../check-left-out.ts'
import { isArchiveFault } from '../errors.ts'
import { LEFT_OUT_NAME } from '../left-out.ts'
import { checkBlobs } from './check-blobs.ts'
import { checkRecords } from './check-records.ts'
import { type ArchiveCheckName, type ArchiveFindings, damageFinding } from './findings.ts'
import type { ReferenceSorter } from './references.ts'

/** The content of an archive that was checked. */
export interface CheckedArchive {
  readonly models: Readonly<Record<string, { resources: number; revisions: number; blobs: number }>>
  readonly blobs: { readonly count: number; readonly bytes: number }
  /** The checks of which damage has prevented a part. */
  readonly unfinished: readonly ArchiveCheckName[]
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
  let hasAllIndexes = true
  let hasAllRecords = true
  let hasAllReferences = true
  for (const model of manifest.scope.models) {
    const checked = await checkRecords(archive, model, references, findings)
    models[model] = { resources: checked.resources, revisions: checked.revisions, blobs: 0 }
    if (checked.isSound && checked.hasAllReferences) sound.add(model)
    hasAllIndexes &&= checked.hasAllIndexes
    hasAllRecords &&= checked.hasAllRecords
    hasAllReferences &&= checked.hasAllReferences
  }
  const { count, bytes, models: counts, isFinished } = await checkBlobs(archive, references.sorted(), sound, findings)
  for (const [model, checked] of Object.entries(models)) checked.blobs = counts.get(model) ?? 0
  const unfinished: ArchiveCheckName[] = [
    ...(hasAllIndexes && isFinished ? [] : (['bytes'] as const)),
    ...(hasAllRecords ? [] : (['records'] as const)),
    ...(hasAllReferences && isFinished ? [] : (['manifest', 'blobs'] as const)),
  ]
  return { models, blobs: { count, bytes }, unfinished }
}

const checkLeftOutList = async (archive: OpenArchive, findings: ArchiveFindings): Promise<void> => {
  try {
    await checkLeftOut(archive)
  } catch (error) {
    if (!isArchiveFault(error)) throw error
    findings.add({ ...damageFinding(error, LEFT_OUT_NAME), check: 'records' })
  }
}
